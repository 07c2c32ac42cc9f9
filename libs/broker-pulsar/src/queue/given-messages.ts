import type { Position } from '@distributary/distribution-core';
import type { PlacedMessage } from '../records/message-batch.js';
import { readMessageId } from '../records/message-id.js';
import { entryOf } from '../records/message-position.js';

interface Packed {
  given: number;
  acknowledged: number;
  isWhole: boolean;
}

/**
 * What one socket of a lane of others gave and Pulsar still counts as not acknowledged: of an entry into which several messages
 * were packed that is all of them until the last is acknowledged. Bounded by the window of the consumer.
 */
export class GivenMessages {
  /** Which came last: behind it the socket stands, if it stands. */
  last: Position | undefined;
  private readonly open = new Set<Position>();
  /** By entry. */
  private readonly packed = new Map<Position, Packed>();
  private finished = 0;

  get count(): number {
    return this.open.size + this.finished;
  }

  add(messages: readonly PlacedMessage[]): void {
    for (const { message, position } of messages) {
      this.last = position;
      if (this.open.has(position)) continue;
      this.open.add(position);
      const entry = entryOf(position);
      if (entry === position) continue;
      const known = this.packed.get(entry) ?? { given: 0, acknowledged: 0, isWhole: false };
      known.given++;
      known.isWhole ||= readMessageId(message.messageId).isLastOfEntry;
      this.packed.set(entry, known);
    }
  }

  /** Those that it did not give are passed over. */
  acknowledge(positions: readonly Position[]): void {
    for (const position of positions) {
      if (!this.open.delete(position)) continue;
      const entry = entryOf(position);
      const packed = this.packed.get(entry);
      if (packed === undefined) continue;
      packed.acknowledged++;
      this.finished++;
      if (!packed.isWhole || packed.acknowledged < packed.given) continue;
      this.finished -= packed.given;
      this.packed.delete(entry);
    }
  }

  /** Of an entry, those that are not acknowledged. */
  openOf(entry: Position): readonly Position[] {
    return this.packed.has(entry) ? [...this.open].filter((position) => entryOf(position) === entry) : [];
  }
}
