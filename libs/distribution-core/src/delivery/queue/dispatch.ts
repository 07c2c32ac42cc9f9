import type { SubscriptionType } from '../../ports/queue.port.js';
import type { Lane } from '../../lane.js';
import type { Position } from '../../position.js';
import type { Entry } from './entry.js';
import type { LogQueueConsumer } from './queue-consumer.js';

/** Entries that consumers are given, as far as giving them out is concerned. */
export interface DispatchLane {
  readonly lane: Lane;
  /** Ascending by position. */
  readonly entries: readonly Entry[];
  entryAt(position: Position): Entry | undefined;
  /** Drops what is done; true if that moved the position. */
  advance(): boolean;
  stop(): Promise<void>;
  /** Where the broker itself is told of each event: rejects if it is not known whether it has heard. */
  acknowledged?(): Promise<void>;
}

/** What each {@link SubscriptionType} decides: who may be given an entry, and which entries wait for which. */
export interface Dispatch {
  /** Whether a nack rewinds, and what; `ackCumulative` makes sense only where whole lanes are in order. */
  readonly order: 'lane' | 'key' | 'none';
  /** Entries of the lane that this consumer may be given now, in order, at most `max`. */
  select(lane: DispatchLane, consumer: LogQueueConsumer, max: number, nowMs: number): Entry[];
}

type Consumers = readonly LogQueueConsumer[];

export function dispatchOf(type: SubscriptionType, consumers: Consumers): Dispatch {
  if (type === 'shared') return { order: 'none', select: selectAny };
  if (type === 'key_shared') {
    return { order: 'key', select: (...given) => selectByKey(consumers, ...given) };
  }
  // Exclusive is failover whose second consumer was refused.
  return {
    order: 'lane',
    select: (lane, consumer, max, nowMs) => (consumer === consumers[0] ? selectInOrder(lane, max, nowMs) : []),
  };
}

function selectAny(lane: DispatchLane, _: LogQueueConsumer, max: number, nowMs: number): Entry[] {
  const selected: Entry[] = [];
  for (const entry of lane.entries) {
    if (selected.length >= max) break;
    if (entry.state === 'ready' && entry.readyAtMs <= nowMs) selected.push(entry);
  }
  return selected;
}

/** An entry that is not to be had yet, or is dying, stops its lane. */
function selectInOrder(lane: DispatchLane, max: number, nowMs: number): Entry[] {
  const selected: Entry[] = [];
  for (const entry of lane.entries) {
    if (selected.length >= max || entry.state === 'dying') break;
    if (entry.state !== 'ready') continue;
    if (entry.readyAtMs > nowMs) break;
    selected.push(entry);
  }
  return selected;
}

/**
 * An entry that is not to be had yet, or is dying, stops its key. A key whose events are held stays with their
 * holder; it may move to another consumer only when none is.
 */
function selectByKey(
  consumers: Consumers,
  lane: DispatchLane,
  consumer: LogQueueConsumer,
  max: number,
  nowMs: number,
): Entry[] {
  const owners = new Map<string, LogQueueConsumer | 'nobody'>();
  const selected: Entry[] = [];
  for (const entry of lane.entries) {
    if (selected.length >= max) break;
    const { routingKey } = entry;
    if (entry.state === 'held') owners.set(routingKey, entry.holder ?? 'nobody');
    else if (entry.state === 'dying') owners.set(routingKey, 'nobody');
    if (entry.state !== 'ready') continue;
    const owner = owners.get(routingKey) ?? consumers[hashOf(routingKey) % consumers.length];
    if (owner === consumer && entry.readyAtMs <= nowMs) selected.push(entry);
    else owners.set(routingKey, 'nobody');
  }
  return selected;
}

/** FNV-1a; which consumer a key prefers need not be known to anyone else. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
