import type { EventBatch } from '../../event-batch.js';
import type { FlushObserver } from '../../fan-out/flush-observer.js';
import type { LaneState } from '../../fan-out/lane-state.js';
import type { Run } from '../../fan-out/outlet.js';
import type { Clock } from '../../ports/clock.port.js';
import type { EventSample } from './event-sample.js';

/** One event of the sample, written to those members of a feed that keep up. Views: copy what is kept. */
export interface SampledDelivery {
  readonly state: LaneState;
  readonly batch: EventBatch;
  readonly index: number;
  readonly members: number;
  /** From its batch taken by the broker to written to the last of them. */
  readonly latencyMs: number;
}

/** Tells of a share of what live feeds write; per flush it costs a search, and nothing for events that are not in the sample. */
export class SampledDeliveries implements FlushObserver {
  constructor(
    private readonly sample: EventSample,
    private readonly clock: Clock,
    private readonly onSampled: (delivery: SampledDelivery) => void,
  ) {}

  arrived(): void {}

  delivered(
    _feedId: number,
    state: LaneState,
    _latencyMs: number,
    _events: number,
    members: number,
    runs: readonly Run[],
  ): void {
    for (const { batch, from, to } of runs) {
      const picked = this.sample.indexesIn(batch);
      for (let at = firstNotBefore(picked, from); at < picked.length && picked[at] < to; at++) {
        const latencyMs = (this.clock.nowMicros() - batch.appendedMicros) / 1000;
        this.onSampled({ state, batch, index: picked[at], members, latencyMs });
      }
    }
  }

  replayed(): void {}

  lost(): void {}
}

function firstNotBefore(ascending: Uint32Array, value: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
