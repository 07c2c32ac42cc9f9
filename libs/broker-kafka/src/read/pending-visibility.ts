import type { Appended, Lane } from '@distributary/distribution-core';
import { offsetOfPosition } from '@distributary/distribution-core';

/**
 * What this process has committed in transactions and has not yet seen in the log: Kafka writes the markers after it has
 * said that the transaction is committed. Whoever asks here for the end of a lane right after an append waits for them.
 */
export class PendingVisibility {
  private readonly pending = new Map<string, number>();

  committed(appended: readonly Appended[]): void {
    for (const { lane, last } of appended) {
      const key = keyOf(lane);
      this.pending.set(key, Math.max(this.pending.get(key) ?? 0, offsetOfPosition(last) ?? 0));
    }
  }

  /** Whether something of ours lies at or behind `end`, where readers' sight ends. */
  isBehind(lane: Lane, end: number): boolean {
    const last = this.pending.get(keyOf(lane));
    return last !== undefined && last >= end;
  }

  seen(lane: Lane): void {
    this.pending.delete(keyOf(lane));
  }
}

const keyOf = ({ epoch, partition }: Lane): string => `${epoch}#${partition}`;
