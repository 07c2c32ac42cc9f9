import type { Clock } from '../../ports/clock.port.js';
import type { CursorStore, Ownership } from '../../ports/cursor-store.port.js';
import type { LaneRight, LaneRights, RightPlace } from './lane-right.js';

/** What a store of ownerships has to offer for lanes. */
export type LaneOwnership = Pick<CursorStore, 'acquire' | 'renew' | 'release'>;

export interface StoredRightsDependencies {
  readonly ownership: LaneOwnership;
  readonly clock: Clock;
  readonly ownerId: string;
  /** How long a lane stays with a process that is gone. */
  readonly termMs: number;
}

/** A term that is renewed for as long as the right is held; who could not renew is unsure before the term ends. */
class StoredRight implements LaneRight {
  private readonly ending = new AbortController();
  readonly signal = this.ending.signal;
  private validUntilMs = 0;
  private cancel: () => void = () => undefined;

  constructor(
    private readonly owned: Ownership,
    private readonly deps: StoredRightsDependencies,
    askedAtMs: number,
  ) {
    this.extend(askedAtMs);
    this.schedule();
  }

  isSure(): boolean {
    return this.deps.clock.monotonicMs() < this.validUntilMs;
  }

  member(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async release(): Promise<void> {
    this.ending.abort();
    this.cancel();
    await this.deps.ownership.release(this.owned).catch(() => undefined);
  }

  private extend(fromMs: number): void {
    this.validUntilMs = fromMs + (this.deps.termMs * 2) / 3;
  }

  private schedule(): void {
    const { clock, ownership, termMs } = this.deps;
    this.cancel = clock.after(termMs / 3, () => {
      const askedAtMs = clock.monotonicMs();
      ownership.renew(this.owned).then(
        (answer) => {
          if (answer === 'lost') this.ending.abort();
          else this.extend(askedAtMs);
          if (!this.signal.aborted) this.schedule();
        },
        () => {
          if (!this.isSure()) this.ending.abort();
          if (!this.signal.aborted) this.schedule();
        },
      );
    });
  }
}

/** Rights from a store of ownerships: for logs that do not know who works on which lane. */
export class StoredRights implements LaneRights {
  constructor(private readonly deps: StoredRightsDependencies) {}

  async acquire({ brokerName, partition }: RightPlace): Promise<LaneRight | 'taken'> {
    const { ownership, clock, ownerId, termMs } = this.deps;
    const askedAtMs = clock.monotonicMs();
    const owned = await ownership.acquire(`router:${brokerName}#${partition}`, ownerId, termMs);
    return owned === 'taken' ? 'taken' : new StoredRight(owned, this.deps, askedAtMs);
  }

  leave(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
