import { DistributionError } from '../../errors/distribution-error.js';
import type { Clock } from '../../ports/clock.port.js';
import type { StoredPosition } from '../../ports/cursor-store.port.js';
import type { PositionKeeper } from './position-keeper.js';

/** A lane whose mark is asked for when it is stored, so that it is made once however often it moved. */
export interface MarkedLane {
  stored(): StoredPosition;
}

/** Stores low-water marks, one commit at a time; marks that come meanwhile go together into the next. */
export class PositionCommitter {
  private readonly dirty = new Set<MarkedLane>();
  private running: Promise<void> | undefined;
  private next: Promise<void> | undefined;
  private cancelSoon: (() => void) | undefined;
  /** While a store is under way: what must not be marked again if it fails. */
  private forgotten: Set<MarkedLane> | undefined;

  constructor(
    private readonly keeper: PositionKeeper,
    private readonly clock: Clock,
  ) {}

  mark(lane: MarkedLane): void {
    this.dirty.add(lane);
  }

  /** It is somebody else's by now. */
  forget(lane: MarkedLane): void {
    this.dirty.delete(lane);
    this.forgotten?.add(lane);
  }

  /** Stores what is marked by then after the delay; what could not be stored, with the next. */
  flushSoon(delayMs: number): void {
    this.cancelSoon ??= this.clock.after(delayMs, () => {
      this.cancelSoon = undefined;
      this.flush().catch(() => {
        if (this.dirty.size > 0) this.flushSoon(Math.max(delayMs, 250));
      });
    });
  }

  stop(): void {
    this.cancelSoon?.();
    this.cancelSoon = undefined;
  }

  /** Resolves when everything that was marked is stored; rejects if it could not be (it stays marked). */
  flush(): Promise<void> {
    if (this.running === undefined) {
      this.running = this.commit().finally(() => (this.running = undefined));
      return this.running;
    }
    this.next ??= this.running
      .catch(() => undefined)
      .then(() => {
        this.next = undefined;
        return this.flush();
      });
    return this.next;
  }

  private async commit(): Promise<void> {
    if (this.dirty.size === 0) return;
    const lanes = [...this.dirty];
    this.dirty.clear();
    const forgotten = new Set<MarkedLane>();
    this.forgotten = forgotten;
    try {
      await this.keeper.store(lanes.map((lane) => lane.stored()));
    } catch (error) {
      if (isGone(error)) return await this.storeOneByOne(lanes, forgotten);
      this.markAgain(lanes, forgotten);
      throw error;
    } finally {
      this.forgotten = undefined;
    }
  }

  /** A topic that was deleted must not keep the marks of others from being stored. */
  private async storeOneByOne(lanes: readonly MarkedLane[], forgotten: ReadonlySet<MarkedLane>): Promise<void> {
    for (const [index, lane] of lanes.entries()) {
      if (forgotten.has(lane)) continue;
      try {
        await this.keeper.store([lane.stored()]);
      } catch (error) {
        if (isGone(error)) continue;
        this.markAgain(lanes.slice(index), forgotten);
        throw error;
      }
    }
  }

  private markAgain(lanes: readonly MarkedLane[], forgotten: ReadonlySet<MarkedLane>): void {
    for (const lane of lanes) if (!forgotten.has(lane)) this.dirty.add(lane);
  }
}

const isGone = (error: unknown): boolean => error instanceof DistributionError && error.code === 'topic.not_found';
