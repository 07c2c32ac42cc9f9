import type { QueueSubscription } from '../../delivery/queue/queue-subscription.js';
import type { Clock } from '../../ports/clock.port.js';

export interface TakingWatchOptions {
  readonly engine: Pick<QueueSubscription, 'taken' | 'isAsked' | 'hasReady'>;
  readonly clock: Clock;
  /** What is there and not taken for this long is given back. */
  readonly patienceMs: number;
  /** What is not acknowledged goes to other processes, and nothing more comes. */
  giveBack(): Promise<void>;
  /** From now on events come again. If it rejects it is asked again. */
  takeUp(): Promise<void>;
}

const LOOK_MS = 1_000;

/**
 * Sees to it that events do not wait in a process whose sessions take none (no credit, no room), while others would: states
 * `taking`; `resting`, from when nothing was taken for too long until a session asks again.
 */
export class TakingWatch {
  private state: 'taking' | 'resting' = 'taking';
  private takenBefore = 0;
  private progressAtMs: number;
  private isStopped = false;
  private cancel: () => void = () => undefined;

  constructor(private readonly options: TakingWatchOptions) {
    this.progressAtMs = options.clock.monotonicMs();
  }

  get isResting(): boolean {
    return this.state === 'resting';
  }

  start(): void {
    this.cancel = this.options.clock.after(LOOK_MS, () => {
      this.look()
        .catch(() => undefined)
        .finally(() => {
          if (!this.isStopped) this.start();
        });
    });
  }

  stop(): void {
    this.isStopped = true;
    this.cancel();
  }

  private async look(): Promise<void> {
    const { engine, clock, patienceMs, giveBack, takeUp } = this.options;
    const { taken, isAsked, hasReady } = engine;
    const nowMs = clock.monotonicMs();
    if (isAsked || !hasReady || taken !== this.takenBefore) this.progressAtMs = nowMs;
    this.takenBefore = taken;
    if (this.isResting) {
      if (!isAsked) return;
      await takeUp();
      this.state = 'taking';
    } else if (nowMs - this.progressAtMs >= patienceMs) {
      this.state = 'resting';
      await giveBack();
    }
  }
}
