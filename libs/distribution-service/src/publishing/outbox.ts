import { type Clock, DistributionError } from '@distributary/distribution-core';
import type { EventPublisher } from './publisher.js';

export interface OutboxOptions<Input> {
  /** Events that may wait while the broker is away; the oldest go first. */
  readonly capacity?: number;
  readonly retryMs?: number;
  readonly onDiscard?: (events: readonly Input[], reason: 'full' | 'refused', error?: unknown) => void;
}

const BATCH = 500;

/**
 * Events that the service itself publishes, in order, retried until the broker has them. Callers give them an
 * `event_id`, so that a retry of what did arrive has no effect. What cannot be kept or is refused is reported.
 */
export class Outbox<Input> {
  private readonly capacity: number;
  private readonly retryMs: number;
  private waiting: Input[] = [];
  private flight: Promise<void> | undefined;
  private cancelRetry: (() => void) | undefined;
  private isStopped = false;

  constructor(
    private readonly publisher: EventPublisher<Input>,
    private readonly clock: Clock,
    private readonly options: OutboxOptions<Input> = {},
  ) {
    this.capacity = options.capacity ?? 10_000;
    this.retryMs = options.retryMs ?? 1_000;
  }

  get size(): number {
    return this.waiting.length;
  }

  add(events: readonly Input[]): void {
    if (this.isStopped || events.length === 0) return;
    this.waiting.push(...events);
    const excess = this.waiting.length - this.capacity;
    if (excess > 0) this.options.onDiscard?.(this.waiting.splice(0, excess), 'full');
    if (this.cancelRetry === undefined) void this.flush();
  }

  /** Resolves when there is nothing left, or the broker could not take what is left. */
  flush(): Promise<void> {
    this.flight ??= this.send().finally(() => {
      this.flight = undefined;
      // Added after the last look and before this line.
      if (this.waiting.length > 0 && this.cancelRetry === undefined && !this.isStopped) void this.flush();
    });
    return this.flight;
  }

  /** One last try, then nothing any more. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.cancelRetry?.();
    this.cancelRetry = undefined;
    await this.flush();
  }

  private async send(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, BATCH);
      try {
        await this.publisher.publish(batch);
      } catch (error) {
        if (error instanceof DistributionError && error.retryable) {
          this.waiting.unshift(...batch);
          this.retryLater();
          return;
        }
        this.options.onDiscard?.(batch, 'refused', error);
      }
    }
  }

  private retryLater(): void {
    if (this.isStopped || this.cancelRetry !== undefined) return;
    this.cancelRetry = this.clock.after(this.retryMs, () => {
      this.cancelRetry = undefined;
      void this.flush();
    });
  }
}
