import type { EventBatch } from '../event-batch.js';
import type { Position } from '../position.js';
import type { MemoryBudget } from './memory-budget.js';
import type { CopyFinder } from './known-copies.js';
import { Segments } from './segments.js';

/** What a sweep has read last of its lane. All sweeps together keep what one budget permits. */
export class LaneStretch {
  readonly segments: Segments;
  private grownBy = 0;

  constructor(
    from: Position,
    private readonly copies: CopyFinder,
    private readonly budget: MemoryBudget,
  ) {
    this.segments = new Segments(from);
    budget.add(this.segments);
  }

  /** Whether a member that stands there can be served from here, or from what is read next. */
  covers(position: Position): boolean {
    return this.segments.holds(position);
  }

  /** Whether it is known which of the events that follow are copies; otherwise a stretch has to begin earlier. */
  get knowsCopies(): boolean {
    return this.copies.coversFrom(this.segments.end);
  }

  /**
   * What follows `after`, which is further on than the end if retention was there before. False if it is not known yet which of
   * these are copies: then they are to be read again.
   */
  add(after: Position, batches: readonly EventBatch[]): boolean {
    if (after !== this.segments.end) {
      this.grownBy -= this.segments.bytes;
      this.segments.restartAt(after);
    }
    const known = batches.filter(({ lastPosition }) => this.copies.coversTo(lastPosition));
    for (const batch of known) this.grownBy += this.segments.append(batch, this.copies.markDuplicates(batch));
    return known.length > 0;
  }

  /** To be called when whoever has room has been served: what was read last may be all that is kept. */
  trim(toBytes: number, isNeeded: (segments: Segments) => boolean): void {
    while (this.segments.bytes > toBytes && !isNeeded(this.segments)) this.grownBy -= this.segments.dropOldest();
    this.budget.grewBy(this.grownBy);
    this.grownBy = 0;
  }

  drop(): void {
    this.budget.grewBy(this.grownBy);
    this.budget.remove(this.segments);
  }
}
