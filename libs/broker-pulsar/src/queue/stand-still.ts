import type { Position } from '@distributary/distribution-core';
import { writeMessageId } from '../records/message-id.js';
import { entryOf, type MessagePlace } from '../records/message-position.js';

/** Messages at which a socket stands still until all of them are acknowledged. */
export class StandStill {
  private readonly left: Set<Position>;
  private readonly entry: Position | undefined;

  /** `packed`: the entry of all of them; Pulsar counts no part of it as acknowledged that it did not give, only the whole. */
  constructor(
    positions: readonly Position[],
    private readonly packed: MessagePlace | undefined,
  ) {
    this.left = new Set(positions);
    this.entry = packed && entryOf(positions[0]);
  }

  get isOver(): boolean {
    return this.left.size === 0;
  }

  /** What Pulsar is told now that this one is acknowledged; undefined if that goes by the message's own id. */
  settle(position: Position): readonly string[] | undefined {
    this.left.delete(position);
    if (this.packed === undefined || entryOf(position) !== this.entry) return undefined;
    return this.isOver ? [writeMessageId(this.packed)] : [];
  }
}
