import type { DeadLetterSink } from '../delivery/dead-letter.js';
import type { Clock } from '../ports/clock.port.js';
import type { Counter, Gauge, Metrics } from '../ports/metrics.port.js';
import type { UntransformedEvent } from './transformations.js';

export interface UntransformedLettersDependencies {
  /** Where dead letters of a name go; burying the same event again is no second letter. */
  readonly sinkOf: (owner: { readonly subscriptionId: string; readonly tenant: string }) => DeadLetterSink;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** At the limit the newest is lost, and counted: what feeds send does not wait for dead letters. */
  readonly maxWaiting?: number;
}

const MAX_WAITING = 1_000;
const RETRY_MS = 1_000;

/** Of a letter: subscriptions that share a transformation share what it fails on. */
export const letterOwner = (fingerprint: string): string => `transformation:${fingerprint.slice(0, 16)}`;

/**
 * Buries what the transformations of subscriptions failed on and want kept. In the background, one after another, again
 * and again while the dead letters cannot be had.
 */
export class UntransformedLetters {
  private readonly waiting: UntransformedEvent[] = [];
  private readonly lost: Counter;
  private readonly gauge: Gauge;
  private readonly maxWaiting: number;
  private running: Promise<void> | undefined;
  private isStopped = false;
  private wake: () => void = () => undefined;

  constructor(private readonly deps: UntransformedLettersDependencies) {
    const { metrics, maxWaiting = MAX_WAITING } = deps;
    this.maxWaiting = maxWaiting;
    this.lost = metrics.counter(
      'transformation_letters_lost_total',
      'Dead letters of transformations beyond the limit',
    );
    this.gauge = metrics.gauge('transformation_letters_waiting', 'Dead letters of transformations to be buried');
  }

  readonly take = (event: UntransformedEvent): void => {
    if (this.isStopped || this.waiting.length >= this.maxWaiting) return this.lost.add();
    const { record } = event.place;
    // A copy, since a view would keep the whole batch in memory.
    const kept = { ...record, value: Buffer.from(record.value) };
    this.waiting.push({ ...event, place: { ...event.place, record: kept } });
    this.gauge.set(this.waiting.length);
    this.running ??= this.run();
  };

  /** Tries once more to bury what waits; the rest is lost, and counted. */
  async close(): Promise<void> {
    this.isStopped = true;
    this.wake();
    await this.running;
  }

  private async run(): Promise<void> {
    for (let next = this.waiting[0]; next !== undefined; next = this.waiting[0]) {
      try {
        await this.bury(next);
        this.waiting.shift();
        this.gauge.set(this.waiting.length);
      } catch {
        if (this.isStopped) {
          this.lost.add(this.waiting.length);
          this.waiting.length = 0;
        } else await this.pause();
      }
    }
    this.running = undefined;
  }

  private bury({ tenant, fingerprint, place }: UntransformedEvent): Promise<void> {
    const nowMicros = this.deps.clock.nowMicros();
    return this.deps.sinkOf({ subscriptionId: letterOwner(fingerprint), tenant }).bury({
      event: place.record,
      at: place.at,
      reason: 'transformation_failed',
      attempts: 1,
      firstFailureMicros: nowMicros,
      lastFailureMicros: nowMicros,
    });
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.deps.clock.after(RETRY_MS, resolve);
      this.wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
