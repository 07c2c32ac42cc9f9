import type { Clock } from '../ports/clock.port.js';

interface Counted {
  count: number;
  atMs: number;
}

const HOUR_MS = 3_600_000;

/**
 * Which keys were asked for most in about the last hour: at most `capacity` of them (the "space-saving" sketch, with
 * counts that halve every half hour). A key that is asked for often enough is in it for certain; what replaces the least
 * one inherits its count, so counts are too high rather than too low.
 */
export class AccessSketch {
  private readonly counts = new Map<string, Counted>();

  constructor(
    private readonly capacity: number,
    private readonly clock: Clock,
    private readonly halfLifeMs = HOUR_MS / 2,
  ) {}

  get size(): number {
    return this.counts.size;
  }

  touch(key: string): void {
    const nowMs = this.clock.monotonicMs();
    const known = this.counts.get(key);
    if (known !== undefined) {
      known.count = this.decayed(known, nowMs) + 1;
      known.atMs = nowMs;
      return;
    }
    let inherited = 0;
    if (this.counts.size >= this.capacity) {
      const [least, counted] = this.least(nowMs);
      inherited = this.decayed(counted, nowMs);
      this.counts.delete(least);
    }
    this.counts.set(key, { count: inherited + 1, atMs: nowMs });
  }

  /** The most wanted first; only such as were asked for more than once lately. */
  top(count: number): string[] {
    const nowMs = this.clock.monotonicMs();
    return [...this.counts]
      .map(([key, counted]) => ({ key, count: this.decayed(counted, nowMs) }))
      .filter((one) => one.count > 1)
      .sort((one, other) => other.count - one.count)
      .slice(0, count)
      .map(({ key }) => key);
  }

  private decayed({ count, atMs }: Counted, nowMs: number): number {
    return count * 2 ** ((atMs - nowMs) / this.halfLifeMs);
  }

  private least(nowMs: number): [string, Counted] {
    let found: [string, Counted] | undefined;
    let lowest = Number.POSITIVE_INFINITY;
    for (const entry of this.counts) {
      const count = this.decayed(entry[1], nowMs);
      if (count < lowest) {
        lowest = count;
        found = entry;
      }
    }
    return found as [string, Counted];
  }
}
