import { laneName } from '@distributary/distribution-core';
import type { AppendRequest, LanePlaceName } from './append-request.js';
import type { LaneWriter, Turn } from './lane-writer.js';

interface HeldLane {
  readonly writer: LaneWriter;
  readonly turn: Turn;
  hasArrived: boolean;
  release: () => void;
}

const MAX_REQUESTS = 512;
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Appends that become one transaction. Until it begins, later appends may join it, if that does not take them past an
 * append of one of their lanes that came in between. It begins when it is first in all of its lanes; since only the newest
 * group can be joined, groups stand in the same order in every lane, and none waits for one that waits for it.
 */
export class TransactionGroup {
  readonly requests: AppendRequest[] = [];
  private readonly lanes = new Map<string, HeldLane>();
  private bytes = 0;

  constructor(private readonly onArrived: () => void) {}

  /** Whether it has all of its lanes for itself. */
  get isReady(): boolean {
    for (const lane of this.lanes.values()) if (!lane.hasArrived) return false;
    return true;
  }

  /** False if it would have to wait for its place in a lane, or the group is full. */
  join(request: AppendRequest, writerOf: (place: LanePlaceName) => LaneWriter): boolean {
    const isFull = this.requests.length >= MAX_REQUESTS || this.bytes + request.bytes > MAX_BYTES;
    if (isFull && this.requests.length > 0) return false;
    for (const append of request.appends) {
      const held = this.lanes.get(laneName(append));
      if (held !== undefined && !isLastOf(held)) return false;
    }
    this.requests.push(request);
    this.bytes += request.bytes;
    for (const append of request.appends) {
      const name = laneName(append);
      if (!this.lanes.has(name)) this.hold(name, writerOf(append));
    }
    return true;
  }

  release(): void {
    for (const lane of this.lanes.values()) lane.release();
  }

  private hold(name: string, writer: LaneWriter): void {
    const held: HeldLane = {
      writer,
      turn: () =>
        new Promise<void>((resolve) => {
          held.release = resolve;
          held.hasArrived = true;
          this.onArrived();
        }),
      hasArrived: false,
      release: () => undefined,
    };
    this.lanes.set(name, held);
    writer.push(held.turn);
  }
}

const isLastOf = ({ writer, turn, hasArrived }: HeldLane): boolean =>
  writer.last === turn || (hasArrived && writer.last === undefined);
