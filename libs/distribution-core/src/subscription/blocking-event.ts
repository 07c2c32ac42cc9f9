import type { EventBatch } from '../event-batch.js';
import type { FeedLane } from '../fan-out/feed.js';
import type { Member } from '../fan-out/member.js';
import { DedupeWindow } from '../ingest/dedupe-window.js';
import type { Log } from '../ports/log.port.js';
import type { Position } from '../position.js';

export interface BlockingEvent {
  readonly batch: EventBatch;
  readonly index: number;
  readonly position: Position;
}

const READ_BYTES = 1024 * 1024;

/**
 * The first event of (after, upTo] that the member was sent: what keeps its position from moving on. Undefined if nothing
 * of the range is the member's, so that there is nothing to wait for. Looks in memory, else asks the broker.
 */
export async function findBlocking(
  member: Member,
  lane: FeedLane,
  after: Position,
  upTo: Position,
  log: Log,
  windowMs: number,
): Promise<BlockingEvent | undefined> {
  if (!lane.state.segments.holds(after)) return findInLog(member, lane, after, upTo, log, windowMs);
  return findInMemory(member, lane, after, upTo);
}

/** The same of what is in memory alone: undefined also if its events are not there any more. */
export function findInMemory(
  member: Member,
  lane: FeedLane,
  after: Position,
  upTo: Position,
): BlockingEvent | undefined {
  const { segments } = lane.state;
  if (!segments.holds(after)) return undefined;
  for (const { batch, skip } of segments.after(after)) {
    const found = firstOf(member, lane, batch, skip, after, upTo);
    if (found !== undefined) return found;
    if (batch.lastPosition >= upTo) return undefined;
  }
  return undefined;
}

async function findInLog(
  member: Member,
  { state }: FeedLane,
  after: Position,
  upTo: Position,
  log: Log,
  windowMs: number,
): Promise<BlockingEvent | undefined> {
  const { topic, lane } = state;
  const start = { topic: topic.brokerName, partition: lane.partition, epoch: lane.epoch };
  const [first] = await log.read({ ...start, after }, 1);
  if (first === undefined) return undefined;
  // Copies were not sent: the window before says which ones they are.
  const window = new DedupeWindow({ windowMs });
  const from = await log.seek(topic.brokerName, lane.partition, first.appendedMicros - windowMs * 1000);
  let at = from < after ? from : after;
  while (at < upTo) {
    const batches = await log.read({ ...start, after: at }, READ_BYTES);
    if (batches.length === 0) return undefined;
    for (const batch of batches) {
      const skip = window.markDuplicates(batch);
      at = batch.lastPosition;
      if (at <= after) continue;
      const found = firstOf(member, { state }, batch, skip, after, upTo);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function firstOf(
  member: Member,
  { state }: Pick<FeedLane, 'state'>,
  batch: EventBatch,
  skip: Uint8Array | undefined,
  after: Position,
  upTo: Position,
): BlockingEvent | undefined {
  const matching = new Uint32Array(batch.count);
  const from = batch.positions.indexAfter(after);
  const count = member.feed.matcher.match(state.lane.topic, batch, skip, from, matching);
  if (count === 0) return undefined;
  const index = matching[0];
  const position = batch.positions.at(index);
  return position <= upTo ? { batch, index, position } : undefined;
}
