import { laneName, type LaneName } from '../lane.js';
import type { Clock } from '../ports/clock.port.js';
import type { CursorStore, StoredPosition } from '../ports/cursor-store.port.js';
import type { LanePosition } from '../position.js';
import type { LaneRedelivery } from './lane-redelivery.js';
import type { OwnershipTerm } from './ownership-term.js';

export interface AcknowledgedPositionsDependencies {
  readonly cursors: CursorStore;
  readonly clock: Clock;
  /** The right that is stored with: once it is over, nothing is. */
  readonly term: OwnershipTerm;
  /** How often the event that blocks a lane has failed is stored too, so that a later owner counts on. */
  readonly redelivery: Pick<LaneRedelivery, 'failuresOf'>;
  /** Acknowledgements are gathered this long before they are stored. */
  readonly flushAfterMs: number;
}

/** How far each lane of one durable subscription is acknowledged, and the storing of that, many acknowledgements at once. */
export class AcknowledgedPositions {
  private readonly byLane = new Map<LaneName, LanePosition>();
  private unstored = new Set<LaneName>();
  /** Lives of lanes that are over, and of which something may be stored. */
  private ended: readonly LanePosition[] = [];
  private storing: Promise<void> = Promise.resolve();
  private isFlushDue = false;

  constructor(private readonly deps: AcknowledgedPositionsDependencies) {}

  of(name: LaneName): LanePosition | undefined {
    return this.byLane.get(name);
  }

  lanes(): LaneName[] {
    return [...this.byLane.keys()];
  }

  all(): LanePosition[] {
    return [...this.byLane.values()];
  }

  /** Whether everything up to the position is acknowledged. */
  covers(position: LanePosition): boolean {
    const known = this.byLane.get(laneName(position));
    return known !== undefined && known.epoch === position.epoch && known.position >= position.position;
  }

  /** Where a lane begins, unless this epoch of it is known. */
  startAt(position: LanePosition): void {
    if (this.byLane.get(laneName(position))?.epoch !== position.epoch) this.set(position);
  }

  /** False: it was acknowledged before. */
  advance(position: LanePosition): boolean {
    if (this.covers(position)) return false;
    this.set(position);
    return true;
  }

  /**
   * Takes up what other processes were told of these lanes, of which so much was sent: they store it. Names the lanes that
   * this brought on. Rejects if the store does not answer.
   */
  async learn(sent: readonly LanePosition[]): Promise<readonly LaneName[]> {
    const { cursors, term } = this.deps;
    const stored = new Map((await cursors.load(term.ownership.subscriptionId)).map((one) => [laneName(one), one]));
    const moved: LaneName[] = [];
    for (const lane of sent) {
      const name = laneName(lane);
      const found = stored.get(name);
      if (found?.epoch !== lane.epoch) continue;
      // Nobody could check there what was sent.
      if (this.advance(found.position < lane.position ? found : lane)) moved.push(name);
    }
    return moved;
  }

  /** The lane is not the subscription's any more. */
  forget(name: LaneName): void {
    this.byLane.delete(name);
    this.unstored.delete(name);
  }

  /** These lives of lanes are over: what is stored of them goes with the next flush. */
  end(lives: readonly LanePosition[]): void {
    this.ended = [...this.ended, ...lives];
  }

  /** The failures of the event that blocks the lane have changed, its position has not. */
  failuresChanged(name: LaneName): void {
    this.unstored.add(name);
    if (this.byLane.has(name)) this.flushSoon();
  }

  flushSoon(): void {
    if (this.isFlushDue) return;
    this.isFlushDue = true;
    this.deps.clock.after(this.deps.flushAfterMs, () => void this.flush());
  }

  /** One store at a time; what comes meanwhile goes with the next. Never rejects. */
  flush(): Promise<void> {
    this.isFlushDue = false;
    this.storing = this.storing.then(() => this.storeNow());
    return this.storing;
  }

  private set(position: LanePosition): void {
    const name = laneName(position);
    this.byLane.set(name, position);
    this.unstored.add(name);
  }

  private async storeNow(): Promise<void> {
    const { cursors, term } = this.deps;
    if (term.isOver) return;
    const names = this.unstored;
    const { ended } = this;
    this.unstored = new Set();
    this.ended = [];
    const positions = [...names].filter((name) => this.byLane.has(name)).map((name) => this.storedOf(name));
    if (positions.length === 0 && ended.length === 0) return;
    try {
      if ((await cursors.store(term.ownership, positions, ended)) === 'stale') term.lose();
    } catch {
      // Not stored: with the next flush, or redelivered by the next owner.
      for (const name of names) this.unstored.add(name);
      this.end(ended);
      this.flushSoon();
    }
  }

  private storedOf(name: LaneName): StoredPosition {
    const position = this.byLane.get(name) as LanePosition;
    const failing = this.deps.redelivery.failuresOf(name);
    if (failing === undefined || failing.position <= position.position) return position;
    return { ...position, above: { acked: [], failures: { [failing.position]: failing.count } } };
  }
}
