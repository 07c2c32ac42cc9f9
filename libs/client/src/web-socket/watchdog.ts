import type { ClientClock } from '../runtime.js';

const ANSWER_TIMEOUT_MS = 10_000;

/**
 * Pages cannot see the protocol's pings, so a dead connection shows only as silence. After `maxSilenceMs` without a
 * message `ask` is called; after another 10 s `giveUp`. Touching costs one assignment, not one timer.
 */
export class Watchdog {
  private lastHeardMs: number;
  private cancel: (() => void) | undefined;
  private isAsking = false;

  constructor(
    private readonly clock: ClientClock,
    private readonly maxSilenceMs: number,
    private readonly ask: () => void,
    private readonly giveUp: () => void,
  ) {
    this.lastHeardMs = clock.monotonicMs();
    this.arm(maxSilenceMs);
  }

  touch(): void {
    this.lastHeardMs = this.clock.monotonicMs();
    this.isAsking = false;
  }

  /** While reading is stopped on purpose, silence means nothing. */
  suspend(): void {
    this.stop();
  }

  wake(): void {
    this.stop();
    this.touch();
    this.arm(this.maxSilenceMs);
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
  }

  private arm(delayMs: number): void {
    this.cancel = this.clock.after(delayMs, () => this.look());
  }

  private look(): void {
    if (this.isAsking) return this.giveUp();
    const silentMs = this.clock.monotonicMs() - this.lastHeardMs;
    if (silentMs < this.maxSilenceMs) return this.arm(this.maxSilenceMs - silentMs);
    this.isAsking = true;
    this.arm(ANSWER_TIMEOUT_MS);
    this.ask();
  }
}
