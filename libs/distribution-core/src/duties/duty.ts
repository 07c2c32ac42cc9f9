import { pause } from '../pause.js';
import type { Clock } from '../ports/clock.port.js';
import type { Gauge, Metrics } from '../ports/metrics.port.js';
import { acquireStoredRight, type RightStore, type StoredRight } from './stored-right.js';

export interface DutyDependencies {
  readonly ownership: RightStore;
  readonly clock: Clock;
  /** Of this process. */
  readonly ownerId: string;
  /** How long the duty stays with a process that is gone. */
  readonly termMs: number;
  readonly metrics: Metrics;
  readonly onError: (error: unknown) => void;
}

export interface DutyEvents {
  /** Between having the right and doing the work: knows by its end what the one before has done. Tried again if it fails. */
  prepare?(signal: AbortSignal): Promise<void>;
  onTaken?(): void;
  onLost?(): void;
}

/**
 * - `waiting`: another process has it, or nobody yet. Left when the right is there and what is prepared is done.
 * - `held`: nobody else can have it. Left for `unsure` when the term could not be renewed in time, as by a process that slept.
 * - `unsure`: somebody else may have it. Left for `held` when the store renews it, or does not answer; for `waiting` when the
 *   store says that it is taken.
 */
export type DutyStanding = 'waiting' | 'held' | 'unsure';

const RETRY_MS = 1_000;

/**
 * Work that one process of an installation does at a time, by the same terms as the ownership of subscriptions. Who holds
 * it keeps it while the store does not answer, since nobody can take it then: two speak at once only if one of them alone
 * is cut off from the store, and for no longer than that. After a death another takes it within the term and a second.
 */
export class Duty {
  private readonly stopping = new AbortController();
  private readonly gauge: Gauge;
  private right: StoredRight | undefined;
  private isMine = false;
  private isStoreAway = false;
  private isFailing = false;
  private ended: Promise<void> = Promise.resolve();

  constructor(
    readonly name: string,
    private readonly deps: DutyDependencies,
    private readonly events: DutyEvents = {},
  ) {
    this.gauge = deps.metrics.gauge('duty_held', 'Whether this process does what one process does at a time', {
      duty: name,
    });
    this.gauge.set(0);
  }

  get standing(): DutyStanding {
    if (!this.isMine) return 'waiting';
    const isSure = this.right !== undefined && !this.right.signal.aborted && this.right.isSure();
    return isSure || this.isStoreAway ? 'held' : 'unsure';
  }

  get isHeld(): boolean {
    return this.standing === 'held';
  }

  start(): void {
    this.ended = this.run();
  }

  /** Gives it up, so that another takes it at once. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.ended;
    await this.right?.release();
    this.lose();
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const wasHeld = await this.term().catch((error: unknown) => this.failed(error));
      if (!wasHeld) await pause(this.deps.clock, RETRY_MS, signal);
    }
  }

  /** Until the right is lost or not sure any more; false if there was none. */
  private async term(): Promise<boolean> {
    const right = await this.ask();
    if (right === undefined) return false;
    // Taken anew it is the next generation; one in between was another's, who has done something of which nothing is known here.
    if (this.right !== undefined && right.held.generation > this.right.held.generation + 1) this.lose();
    this.right = right;
    const over = AbortSignal.any([this.stopping.signal, right.signal]);
    if (!this.isMine) {
      try {
        await this.events.prepare?.(over);
      } catch (error) {
        await right.release();
        throw error;
      }
      if (over.aborted) return true;
      this.isMine = true;
      this.gauge.set(1);
      this.events.onTaken?.();
    }
    this.isFailing = false;
    await aborted(over);
    return true;
  }

  private async ask(): Promise<StoredRight | undefined> {
    try {
      const right = await acquireStoredRight(`duty:${this.name}`, this.deps);
      this.isStoreAway = false;
      if (right !== 'taken') return right;
      this.isFailing = false;
      this.lose();
      return undefined;
    } catch (error) {
      this.isStoreAway = true;
      throw error;
    }
  }

  /** Told once, not at each try. */
  private failed(error: unknown): false {
    if (!this.isFailing) this.deps.onError(error);
    this.isFailing = true;
    return false;
  }

  private lose(): void {
    if (!this.isMine) return;
    this.isMine = false;
    this.gauge.set(0);
    this.events.onLost?.();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
