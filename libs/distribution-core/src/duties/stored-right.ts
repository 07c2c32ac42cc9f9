import type { Clock } from '../ports/clock.port.js';
import type { CursorStore, Ownership } from '../ports/cursor-store.port.js';

/** What a store of ownerships has to offer for anything that one process does at a time. */
export type RightStore = Pick<CursorStore, 'acquire' | 'renew' | 'release'>;

export interface StoredRightDependencies {
  readonly ownership: RightStore;
  readonly clock: Clock;
  readonly ownerId: string;
  /** How long a right stays with a process that is gone. */
  readonly termMs: number;
}

/** A term that is renewed for as long as the right is held; who could not renew is unsure before the term ends. */
export class StoredRight {
  private readonly ending = new AbortController();
  readonly signal = this.ending.signal;
  private validUntilMs = 0;
  private cancel: () => void = () => undefined;

  constructor(
    readonly held: Ownership,
    private readonly deps: StoredRightDependencies,
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
    await this.deps.ownership.release(this.held).catch(() => undefined);
  }

  private extend(fromMs: number): void {
    this.validUntilMs = fromMs + (this.deps.termMs * 2) / 3;
  }

  private schedule(): void {
    const { clock, ownership, termMs } = this.deps;
    this.cancel = clock.after(termMs / 3, () => {
      const askedAtMs = clock.monotonicMs();
      ownership.renew(this.held).then(
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

/** `taken` while another process has it. Failure: `store.unavailable`. */
export async function acquireStoredRight(name: string, deps: StoredRightDependencies): Promise<StoredRight | 'taken'> {
  const askedAtMs = deps.clock.monotonicMs();
  const owned = await deps.ownership.acquire(name, deps.ownerId, deps.termMs);
  return owned === 'taken' ? 'taken' : new StoredRight(owned, deps, askedAtMs);
}
