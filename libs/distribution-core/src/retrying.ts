import { DistributionError } from './errors/distribution-error.js';
import { pause } from './pause.js';
import type { Clock } from './ports/clock.port.js';
import type { IdSource } from './ports/id-source.port.js';

const FIRST_PAUSE_MS = 5;
/** What fails so near to its deadline may not be tried again before it. */
export const LONGEST_RETRY_PAUSE_MS = 1_000;

/** Doubles up to a second, and is spread so that those who failed together do not come back together. */
export function pauseMs(tries: number, random: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** Math.min(tries, 16), LONGEST_RETRY_PAUSE_MS) * (0.5 + random / 2);
}

export interface RetryingOptions {
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Whether the same request may succeed in a while. */
  readonly isTransient: (error: unknown) => boolean;
  /** Told before each pause. */
  readonly onRetry: () => void;
  readonly closed: AbortSignal;
  /** What `broker.unavailable` says once it is closed. */
  readonly closedMessage: string;
}

/** The one place of an adapter that decides whether a request is sent again, and when. */
export class Retrying {
  constructor(private readonly options: RetryingOptions) {}

  /** Attempts until one succeeds, fails for good, or `limitMs` are over; then rejects with the last failure. */
  async within<Result>(limitMs: number, attempt: (tries: number) => Promise<Result>): Promise<Result> {
    const { clock, isTransient } = this.options;
    const endMs = clock.monotonicMs() + limitMs;
    for (let tries = 0; ; tries++) {
      try {
        return await attempt(tries);
      } catch (error) {
        if (!isTransient(error)) throw error;
        if (clock.monotonicMs() + pauseMs(tries, 1) >= endMs) throw error;
        await this.pause(tries);
      }
    }
  }

  /** Undefined once the signal has aborted. Everything that may pass is tried again, for as long as it takes. */
  async patiently<Result>(signal: AbortSignal, attempt: () => Promise<Result>): Promise<Result | undefined> {
    const { ids, isTransient, onRetry } = this.options;
    for (let tries = 0; ; tries++) {
      if (signal.aborted) return undefined;
      try {
        return await attempt();
      } catch (error) {
        if (signal.aborted) return undefined;
        if (!isTransient(error)) throw error;
        onRetry();
        await this.wait(pauseMs(tries, ids.random()), signal);
      }
    }
  }

  /** Before another attempt. Ends at once with `broker.unavailable` when the log is closed. */
  async pause(tries: number, signal: AbortSignal = this.options.closed): Promise<void> {
    const { ids, closed, closedMessage, onRetry } = this.options;
    onRetry();
    await this.wait(pauseMs(tries, ids.random()), signal);
    if (closed.aborted) throw new DistributionError('broker.unavailable', closedMessage);
  }

  wait(ms: number, signal: AbortSignal = this.options.closed): Promise<void> {
    return pause(this.options.clock, ms, signal);
  }
}
