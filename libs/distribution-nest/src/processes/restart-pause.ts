export interface RestartLimits {
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** Whoever ran this long was well: its end begins the pauses anew. */
  readonly wellAfterMs: number;
}

export const DEFAULT_RESTART_LIMITS: RestartLimits = {
  firstPauseMs: 100,
  longestPauseMs: 10_000,
  wellAfterMs: 30_000,
};

/** How long to wait before a process that ended by itself is started again: twice as long each time, up to a bound. */
export class RestartPause {
  private nextMs: number;

  constructor(private readonly limits: RestartLimits = DEFAULT_RESTART_LIMITS) {
    this.nextMs = limits.firstPauseMs;
  }

  /** After an end; `ranMs` is how long it had run. */
  after(ranMs: number): number {
    const { firstPauseMs, longestPauseMs, wellAfterMs } = this.limits;
    if (ranMs >= wellAfterMs) this.nextMs = firstPauseMs;
    const pauseMs = this.nextMs;
    this.nextMs = Math.min(longestPauseMs, pauseMs * 2);
    return pauseMs;
  }
}
