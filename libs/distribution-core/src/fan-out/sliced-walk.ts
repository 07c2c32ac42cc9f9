import type { Clock } from '../ports/clock.port.js';

/** Of a turn: with a thousand at once everything else would wait. */
const SLICE_MS = 2;

/** Goes through all of something again and again, a slice at a time. */
export class SlicedWalk<Item> {
  private rest: Iterator<Item> | undefined;

  constructor(
    private readonly clock: Clock,
    /** As of a Map or a Set: what comes while it is under way is met, what goes is not. */
    private readonly all: { values(): Iterator<Item> },
  ) {}

  get isUnderWay(): boolean {
    return this.rest !== undefined;
  }

  /** Goes on where the last slice ended, or begins. At least one is visited, if there are any. */
  step(visit: (item: Item) => void): void {
    const endMs = this.clock.monotonicMs() + SLICE_MS;
    this.rest ??= this.all.values();
    do {
      const next = this.rest.next();
      if (next.done === true) {
        this.rest = undefined;
        return;
      }
      visit(next.value);
    } while (this.clock.monotonicMs() < endMs);
  }
}
