import { scanEvents } from './event-text.js';
import { HEAD_BYTES } from './frame-reader.js';
import { RecentMap } from './recent-map.js';

/** What a data frame holds: looked up once, then known again by its head and length on every other connection. */
export interface KnownFrame {
  /** By it the frame is known again: the bytes before the first event; of a compressed one, the first that were sent. */
  readonly head: Buffer;
  /** Of the message before its first event. */
  readonly headBytes: number;
  readonly payloadBytes: number;
  readonly lane: string;
  readonly epoch: string;
  readonly prev: string;
  readonly pos: string;
  readonly count: number;
  readonly stamps: Float64Array;
  readonly sequences: Float64Array;
  /** What came after it on the connection that saw it first: most likely what comes next on all the others. */
  next: KnownFrame | undefined;
}

const DATA = Buffer.from('{"type":"data"');
const EVENTS = Buffer.from('"events":[');
/** The twin sends events bare; then the whole message is the head. */
const BARE = Buffer.from('{"event_id"');
const [LANE, EPOCH, PREV, POS] = ['lane', 'epoch', 'prev', 'pos'].map((name) => new RegExp(`"${name}":"([^"]*)"`));
const CAPACITY = 20_000;
const MAX_HEAD_BYTES = 1024;

/**
 * All subscribers of a feed are sent the same bytes. So a frame is scanned on the first connection that gets it, and on
 * the others it is compared by the head (which names feed, lane, `prev` and `pos`) and by its length. That makes the
 * load client cheap enough not to be what is measured; the connections that are sampled scan and check all the same.
 */
export class FrameMemo {
  private readonly known = new RecentMap<KnownFrame>(CAPACITY);

  /** Undefined if it is no data frame or has not been seen. */
  find(head: Buffer, payloadBytes: number, guess: KnownFrame | undefined, isDeflated = false): KnownFrame | undefined {
    if (guess !== undefined && isSame(guess, head, payloadBytes)) return guess;
    const headText = isDeflated ? head.toString('latin1') : headTextOf(head, payloadBytes);
    return headText === undefined ? undefined : this.known.get(keyOf(headText, payloadBytes));
  }

  /** Undefined if it is no data frame. `sent`: what came, if it was compressed. */
  learn(payload: Buffer, sent?: Buffer): KnownFrame | undefined {
    const headText = headTextOf(payload.subarray(0, MAX_HEAD_BYTES), payload.length);
    if (headText === undefined) return undefined;
    const known = sent?.toString('latin1', 0, HEAD_BYTES) ?? headText;
    const payloadBytes = (sent ?? payload).length;
    const field = (pattern: RegExp) => pattern.exec(headText)?.[1] ?? '';
    const { count, stamps, sequences } = scanEvents(payload);
    const frame: KnownFrame = {
      head: Buffer.from(known, 'latin1'),
      headBytes: headText.length,
      payloadBytes,
      lane: field(LANE),
      epoch: field(EPOCH),
      prev: field(PREV),
      pos: field(POS),
      count,
      stamps,
      sequences,
      next: undefined,
    };
    this.known.set(keyOf(known, payloadBytes), frame);
    return frame;
  }
}

function isSame(frame: KnownFrame, head: Buffer, payloadBytes: number): boolean {
  const { length } = frame.head;
  return (
    frame.payloadBytes === payloadBytes && head.length >= length && head.compare(frame.head, 0, length, 0, length) === 0
  );
}

function headTextOf(head: Buffer, payloadBytes: number): string | undefined {
  if (startsWith(head, BARE)) return head.length === payloadBytes ? head.toString('latin1') : undefined;
  if (!startsWith(head, DATA)) return undefined;
  const at = head.indexOf(EVENTS);
  return at < 0 ? undefined : head.toString('latin1', 0, at + EVENTS.length);
}

function startsWith(bytes: Buffer, start: Buffer): boolean {
  return bytes.length >= start.length && bytes.compare(start, 0, start.length, 0, start.length) === 0;
}

const keyOf = (headText: string, payloadBytes: number): string => `${payloadBytes} ${headText}`;
