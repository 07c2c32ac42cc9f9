import {
  BEFORE_FIRST,
  type EventBatch,
  laneName,
  pauseMs,
  type Position,
  type Retrying,
  type TailStart,
} from '@distributary/distribution-core';
import type { PulsarMetrics } from '../pulsar-metrics.js';
import { connectionLost, hasCode, topicNotFound } from '../pulsar.errors.js';
import { isLookedAt, LOOK_MS } from '../quiet-looks.js';
import { EventReader } from '../records/event-message.js';
import { messageBatch, type PlacedMessage } from '../records/message-batch.js';
import { readMessageId } from '../records/message-id.js';
import { entryOf } from '../records/message-position.js';
import type { LaneEndFinder } from './lane-end.js';
import type { LaneFinder, ReadPlace } from './lane-place.js';
import type { ReaderSocket, ReaderSockets } from './reader-socket.js';
import type { UnreadEntries } from './unread-entries.js';

export interface LaneReaderParts {
  readonly finder: LaneFinder;
  readonly sockets: ReaderSockets;
  readonly ends: Pick<LaneEndFinder, 'of'>;
  readonly unread: Pick<UnreadEntries, 'behind' | 'isBehindEntry' | 'next'>;
  readonly retrying: Retrying;
  readonly metrics: PulsarMetrics;
  readonly timeoutMs: number;
  readonly requestTimeoutMs: number;
}

/** A single read copies out no more than this, whatever it was asked for. */
export const MAX_READ_BYTES = 1024 * 1024;
/** Of values. What comes is put together after so much: messages take several times what their events do. */
const PACKED_BYTES = 64 * 1024;

/** Reads lanes by readers of Pulsar, which keep nothing there. */
export class LaneReader {
  private readonly events = new EventReader();

  constructor(private readonly parts: LaneReaderParts) {}

  /** What is there now, oldest first; empty at the end. */
  read(start: TailStart, maxBytes: number): Promise<readonly EventBatch[]> {
    const { retrying, finder, ends, timeoutMs } = this.parts;
    return retrying.within(timeoutMs, async () => {
      const place = await finder.open(start);
      const end = await ends.of(place.topic, place.stats);
      while (end > place.stats.beforeFirst && !(await this.isAtEnd(place, end))) {
        const batches = await this.readTo(place, end, Math.min(Math.max(maxBytes, 1), MAX_READ_BYTES));
        if (batches !== undefined) return batches;
        if (!(await this.passOversize(place))) throw connectionLost(`read ${laneName(place.lane)}`);
      }
      return [];
    });
  }

  /** Until the signal aborts; failures of Pulsar are waited out. */
  async *tail(start: TailStart, maxBytes: number, signal: AbortSignal): AsyncGenerator<EventBatch, void, void> {
    const { retrying, finder } = this.parts;
    const place = await retrying.patiently(signal, () => finder.open(start));
    if (place === undefined) return;
    let isFresh = true;
    const watched: Watched = { last: BEFORE_FIRST };
    for (let fruitless = 0; !signal.aborted;) {
      const { after } = place;
      const socket = await retrying.patiently(signal, async () => {
        // Pulsar refuses readers of a topic that goes, in words that may mean anything.
        if (!isFresh) await finder.again(place);
        isFresh = false;
        return this.parts.sockets.open(place.lane, place.after);
      });
      if (socket === undefined) return;
      try {
        yield* this.follow(place, socket, watched, maxBytes, signal);
        if (hasCode(socket.lostBy, 'payload.too_large'))
          await retrying.patiently(signal, () => this.passOversize(place));
      } finally {
        socket.close();
      }
      fruitless = place.after === after ? fruitless + 1 : 0;
      await retrying.wait(pauseMs(fruitless, 0), signal);
    }
  }

  /** Until the signal aborts or the socket is lost, or gives nothing although there is more. */
  private async *follow(
    place: ReadPlace,
    socket: ReaderSocket,
    watched: Watched,
    maxBytes: number,
    signal: AbortSignal,
  ): AsyncGenerator<EventBatch, void, void> {
    const { finder, retrying, requestTimeoutMs, unread, metrics } = this.parts;
    for (let quietLooks = 0; ;) {
      await socket.settled(LOOK_MS, signal);
      if (signal.aborted) return;
      if (finder.isKnownGone(place)) throw topicNotFound(place.lane.topic);
      const messages = takeFrom(socket, maxBytes);
      if (messages === undefined) return;
      if (messages.length === 0) {
        if (socket.silentMs > 2 * requestTimeoutMs) return;
        socket.ping();
        // Pulsar does not tell readers that their topic is gone. A look that fails says nothing of it; the next one will.
        const isThere = await retrying.patiently(signal, () => finder.isThere(place, LOOK_MS));
        if (isThere === false) throw topicNotFound(place.lane.topic);
        if (!isLookedAt(++quietLooks)) continue;
        const found = await unread.behind(place);
        if (signal.aborted || found.last === undefined) continue;
        const batch = await this.batch(place, found.ungiven, signal);
        if (batch !== undefined) yield batch;
        // What was under way at the first look has come by the second. Markers never come: for them once is enough.
        else if (quietLooks === 1 || found.last === watched.last) continue;
        watched.last = found.last;
        metrics.retried();
        return;
      }
      quietLooks = 0;
      const batch = await this.batch(place, messages, signal);
      if (batch !== undefined) yield batch;
      if (signal.aborted) return;
    }
  }

  /** Of an entry into which several were packed there may be more. */
  private async isAtEnd(place: ReadPlace, end: Position): Promise<boolean> {
    if (place.after === end || entryOf(place.after) > end) return true;
    return entryOf(place.after) === end && (await this.parts.unread.isBehindEntry(place));
  }

  /** `last`: of the last entry, of which all messages are read. Undefined if what comes first is larger than is taken. */
  private async readTo(place: ReadPlace, last: Position, maxBytes: number): Promise<readonly EventBatch[] | undefined> {
    const { sockets, unread, requestTimeoutMs } = this.parts;
    const socket = await sockets.open(place.lane, place.after);
    const signal = AbortSignal.timeout(requestTimeoutMs);
    const batches: EventBatch[] = [];
    let messages: PlacedMessage[] = [];
    let bytes = 0;
    let packedBytes = 0;
    const pack = async () => {
      const batch = await this.batch(place, messages, signal);
      if (batch !== undefined) batches.push(batch);
      messages = [];
      packedBytes = bytes;
    };
    try {
      for (let isAtEnd = false; !isAtEnd && bytes < maxBytes;) {
        await socket.settled(requestTimeoutMs, signal);
        if (socket.isDrained && hasCode(socket.lostBy, 'payload.too_large')) {
          if (bytes === 0) return undefined;
          break;
        }
        const taken = socket.take(maxBytes - bytes);
        if (taken.length === 0) {
          const after = messages.at(-1)?.position ?? place.after;
          const { ungiven } = await unread.behind({ ...place, after });
          if (batches.length + messages.length + ungiven.length === 0)
            throw connectionLost(`read ${place.lane.topic}#${place.lane.partition}`);
          messages = messages.concat(ungiven);
          break;
        }
        const size = sizeOf(taken);
        if (bytes > 0 && bytes + size > maxBytes) break;
        bytes += size;
        messages.push(...taken);
        isAtEnd = isEndOf(last, taken[taken.length - 1]);
        if (bytes - packedBytes >= PACKED_BYTES) await pack();
      }
    } finally {
      socket.close();
    }
    await pack();
    return batches;
  }

  /**
   * To behind the next entry, which is the message or a piece of it: without its first piece Pulsar gives nothing of it. False
   * if the topic is ours, of which nothing is passed over.
   */
  private async passOversize(place: ReadPlace): Promise<boolean> {
    const next = await this.parts.unread.next(place);
    if (next === undefined) return false;
    place.after = next;
    this.parts.metrics.passedOversize();
    return true;
  }

  private async batch(
    place: ReadPlace,
    given: readonly PlacedMessage[],
    signal: AbortSignal,
  ): Promise<EventBatch | undefined> {
    const { finder, retrying, metrics } = this.parts;
    let from = place.after;
    // When its topic moves, Pulsar may give a reader again what it had.
    const messages = given.filter(({ position }) => position > from);
    for (const { position } of messages) {
      if (isOtherLedger(from, position)) {
        const step = from;
        await retrying.patiently(signal, () => finder.checkStep(place, step, position));
      }
      from = position;
    }
    const batch = messageBatch(place.lane, messages, this.events);
    place.after = from;
    metrics.read(batch?.count ?? 0);
    return batch;
  }
}

/** Where its lane ended when a tail opened its reader anew, since that had been given nothing. */
interface Watched {
  last: Position;
}

const isEndOf = (last: Position, { position, message }: PlacedMessage): boolean =>
  entryOf(position) === last ? readMessageId(message.messageId).isLastOfEntry : position > last;

/** Undefined if the socket was lost, and nothing is left in it. */
function takeFrom(socket: ReaderSocket, maxBytes: number): readonly PlacedMessage[] | undefined {
  try {
    return socket.take(maxBytes);
  } catch {
    return undefined;
  }
}

const LEDGER_DIGITS = 11;
const isOtherLedger = (from: Position, to: Position): boolean =>
  from !== '' && from.slice(0, LEDGER_DIGITS) !== to.slice(0, LEDGER_DIGITS);

const sizeOf = (messages: readonly PlacedMessage[]): number =>
  messages.reduce((sum, { message }) => sum + (message.payload.length * 3) / 4, 0);
