import { isAscii, isUtf8 } from 'node:buffer';
import type { Clock, IdSource } from '@distributary/distribution-core';
import { MAX_EVENT_BYTES, type PublishedEvent } from '../monitoring-event.js';
import { type MetricKind, MetricKinds } from './metric-kinds.js';
import { MetricScan } from './metric-scan.js';

const HEAD = Uint8Array.from(Buffer.from('{"event_id":"'));
const BEFORE_TIME = Uint8Array.from(Buffer.from('","timestamp":"'));
/** Values of one body lie behind each other; a body whose events grow more than usual has several such runs. */
const MIN_RUN_BYTES = 16 * 1024;

/** The events of one body that are read without being parsed, from where one is said to begin. */
export interface PlainEvents {
  /** Where the last event that was read ends. */
  readonly end: number;
  /** Undefined if what begins there is not written in the plain way, or the schema refuses it. */
  read(start: number): PublishedEvent | undefined;
}

/**
 * Reads metrics as nearly all of them are written (see {@link MetricScan}) without parsing them: their stored form is made of
 * the producer's own bytes. What it makes of an event is, as JSON, what the schema makes of it; a property test holds it
 * to that.
 */
export class MetricReader {
  private readonly kinds: MetricKinds;

  constructor(clock: Clock, ids: IdSource) {
    this.kinds = new MetricKinds(clock, ids);
  }

  /** Undefined if the body is not UTF-8. */
  open(body: Buffer): PlainEvents | undefined {
    return isUtf8(body) ? new BodyReader(body, this.kinds) : undefined;
  }
}

class BodyReader implements PlainEvents {
  end = 0;
  private readonly scan = new MetricScan();
  private readonly isAscii: boolean;
  private run: Buffer;
  private runEnd = 0;

  constructor(
    private readonly body: Buffer,
    private readonly kinds: MetricKinds,
  ) {
    this.isAscii = isAscii(body);
    this.run = Buffer.allocUnsafeSlow(Math.max(MIN_RUN_BYTES, body.length + (body.length >> 1)));
  }

  read(start: number): PublishedEvent | undefined {
    const { body, scan } = this;
    const end = scan.scan(body, start);
    if (end < 0) return undefined;
    const kind = this.kinds.of(scan, body);
    if (kind === undefined || end - start + kind.middle.length + kind.tail.length > MAX_EVENT_BYTES) return undefined;
    this.end = end;
    const { idStart, idEnd } = scan;
    return {
      topic: kind.topic,
      record: {
        // Not cut out of one text of the body, which would live as long as the last of its ids.
        eventId: body.toString(this.isAscii ? 'latin1' : 'utf8', idStart, idEnd),
        timeMicros: scan.timeMicros,
        routingKey: kind.routingKey,
        attributes: kind.attributes,
        value: this.valueOf(kind),
      },
    };
  }

  private valueOf({ middle, tail }: MetricKind): Uint8Array {
    const { scan, body } = this;
    const idBytes = scan.idEnd - scan.idStart;
    const timeBytes = scan.timeEnd - scan.timeStart;
    const dataBytes = scan.dataEnd - scan.dataStart;
    const bytes = HEAD.length + idBytes + BEFORE_TIME.length + timeBytes + middle.length + dataBytes + tail.length;
    if (this.runEnd + bytes > this.run.length) {
      this.run = Buffer.allocUnsafeSlow(Math.max(MIN_RUN_BYTES, bytes, body.length - this.end));
      this.runEnd = 0;
    }
    const { run } = this;
    const start = this.runEnd;
    let at = copy(HEAD, 0, HEAD.length, run, start);
    at = copy(body, scan.idStart, scan.idEnd, run, at);
    at = copy(BEFORE_TIME, 0, BEFORE_TIME.length, run, at);
    at = copy(body, scan.timeStart, scan.timeEnd, run, at);
    run.set(middle, at);
    at += middle.length;
    at = copy(body, scan.dataStart, scan.dataEnd, run, at);
    run.set(tail, at);
    this.runEnd = at + tail.length;
    return new Uint8Array(run.buffer, run.byteOffset + start, bytes);
  }
}

/** So few bytes that a call into the runtime would cost more. */
function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): number {
  let next = at;
  for (let place = start; place < end; place++) to[next++] = from[place];
  return next;
}
