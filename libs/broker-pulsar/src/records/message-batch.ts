import type { EventBatch, EventRecord, Lane, Position } from '@distributary/distribution-core';
import { decodeEventBatch, encodeEventBatch } from '@distributary/distribution-core';
import { type EventReader, publishedMicros, type PulsarMessage } from './event-message.js';
import { positionList } from './message-position.js';

/** A message with the place that it came from. */
export interface PlacedMessage {
  readonly message: PulsarMessage;
  readonly position: Position;
}

/** The events among these messages of a lane, in order; undefined if there is none. */
export function messageBatch(
  lane: Lane,
  messages: readonly PlacedMessage[],
  reader: EventReader,
): EventBatch | undefined {
  const records: EventRecord[] = [];
  const positions: Position[] = [];
  let appendedMicros = 0;
  for (const { message, position } of messages) {
    const record = reader.read(message, lane.epoch);
    if (record === undefined) continue;
    if (records.length === 0) appendedMicros = publishedMicros(message);
    records.push(record);
    positions.push(position);
  }
  if (records.length === 0) return undefined;
  return decodeEventBatch(lane, positionList(positions), encodeEventBatch(records, appendedMicros));
}
