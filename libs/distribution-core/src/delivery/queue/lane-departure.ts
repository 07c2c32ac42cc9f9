import type { Clock } from '../../ports/clock.port.js';
import type { DispatchLane } from './dispatch.js';

/** Lanes of which nothing is given out any more, because others are to have them, and the waiting for what is in flight. */
export class LaneDepartures {
  private readonly leaving = new Set<DispatchLane>();
  private readonly checks = new Set<() => void>();

  constructor(private readonly clock: Clock) {}

  has(lane: DispatchLane): boolean {
    return this.leaving.has(lane);
  }

  /** Something was acknowledged, refused, given back or buried. */
  settled(): void {
    for (const check of [...this.checks]) check();
  }

  /** Resolves once nothing of them is held or on its way to the dead letters, or when the time is over. */
  begin(lanes: readonly DispatchLane[], waitMs: number): Promise<void> {
    for (const lane of lanes) this.leaving.add(lane);
    if (waitMs <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        this.checks.delete(check);
        resolve();
      };
      const cancel = this.clock.after(waitMs, done);
      const check = () => {
        if (!lanes.some((lane) => lane.entries.some(({ state }) => state === 'held' || state === 'dying'))) done();
      };
      this.checks.add(check);
      check();
    });
  }

  end(lanes: readonly DispatchLane[]): void {
    for (const lane of lanes) this.leaving.delete(lane);
  }
}
