import { DistributaryError } from '../errors.js';

export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
  /** The last id that the stream set, this event's or an earlier one's. */
  readonly id: string;
}

/** 64 MiB of characters: an event that never ends must not fill the memory. */
const MAX_EVENT_LENGTH = 64 * 1024 * 1024;

/** Server-sent events of the HTML standard, from text in pieces of any size. */
export class EventStreamParser {
  private pending = '';
  private event = '';
  private data: string[] = [];
  private length = 0;
  private id = '';
  private isAfterCarriageReturn = false;
  private isFirst = true;

  /** The events that became complete with `text`. */
  push(text: string): ServerSentEvent[] {
    const complete: ServerSentEvent[] = [];
    // What waited holds no line end: a long event in many pieces is looked at once.
    const scanned = this.pending.length;
    const input = this.pending + this.withoutMarks(text);
    let start = 0;
    for (let index = scanned; index < input.length; index += 1) {
      const code = input.charCodeAt(index);
      if (code !== 10 && code !== 13) continue;
      this.line(input.slice(start, index), complete);
      if (code === 13 && input.charCodeAt(index + 1) === 10) index += 1;
      else if (code === 13 && index + 1 === input.length) this.isAfterCarriageReturn = true;
      start = index + 1;
    }
    this.pending = input.slice(start);
    if (this.pending.length + this.length > MAX_EVENT_LENGTH) {
      throw new DistributaryError('protocol.violation', 'an event that does not end', { retryable: true });
    }
    return complete;
  }

  /** Without a byte order mark, and without the second half of a line end that was cut in two. */
  private withoutMarks(text: string): string {
    let piece = text;
    if (this.isFirst && piece !== '') {
      this.isFirst = false;
      if (piece.charCodeAt(0) === 0xfeff) piece = piece.slice(1);
    }
    if (this.isAfterCarriageReturn && piece !== '') {
      this.isAfterCarriageReturn = false;
      if (piece.charCodeAt(0) === 10) piece = piece.slice(1);
    }
    return piece;
  }

  private line(line: string, complete: ServerSentEvent[]): void {
    if (line === '') return this.dispatch(complete);
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1);
    if (field === 'data') {
      this.data.push(value);
      this.length += value.length;
    } else if (field === 'event') this.event = value;
    else if (field === 'id' && !value.includes('\0')) this.id = value;
  }

  private dispatch(complete: ServerSentEvent[]): void {
    if (this.data.length > 0) {
      complete.push({ event: this.event === '' ? 'message' : this.event, data: this.data.join('\n'), id: this.id });
    }
    this.event = '';
    this.data = [];
    this.length = 0;
  }
}
