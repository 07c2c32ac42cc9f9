import { scanEvents } from '../event-text.js';
import { RecentMap } from '../recent-map.js';
import type { Told } from './grpc-method.js';
import { HEAD_BYTES } from './message-reader.js';

/** What a message with events holds: looked up once, then known again by its head and length on every other stream. */
export interface KnownMessage {
  /** Its first bytes: lane and positions are in them, so no two messages of a feed have the same. */
  readonly head: Buffer;
  readonly messageBytes: number;
  readonly told: Told | undefined;
  readonly count: number;
  readonly stamps: Float64Array;
  readonly sequences: Float64Array;
  /** What came after it on the stream that saw it first: most likely what comes next on all the others. */
  next: KnownMessage | undefined;
}

const CAPACITY = 20_000;

/** As `FrameMemo`, for messages of protobuf: all streams of a feed are sent the same bytes. */
export class MessageMemo {
  private readonly known = new RecentMap<KnownMessage>(CAPACITY);

  constructor(private readonly read: (message: Buffer) => Told | undefined) {}

  /** Undefined if it has not been seen. */
  find(head: Buffer, messageBytes: number, guess: KnownMessage | undefined): KnownMessage | undefined {
    if (guess !== undefined && guess.messageBytes === messageBytes && guess.head.equals(head)) return guess;
    return this.known.get(keyOf(head, messageBytes));
  }

  /** Only what has events is known again. */
  learn(message: Buffer): KnownMessage {
    const head = Buffer.from(message.subarray(0, HEAD_BYTES));
    const { count, stamps, sequences } = scanEvents(message);
    const told = this.read(message);
    const known = { head, messageBytes: message.length, told, count, stamps, sequences, next: undefined };
    if (known.count === 0) return known;
    this.known.set(keyOf(head, message.length), known);
    return known;
  }
}

const keyOf = (head: Buffer, messageBytes: number): string => `${messageBytes} ${head.toString('latin1')}`;
