import type { DeadLetterSink } from '../delivery/dead-letter.js';
import { DistributionError } from '../errors/distribution-error.js';
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

interface WaitingLetter {
  readonly event: UntransformedEvent;
  /** The same for all its tries: it remembers what it has written and not yet listed. */
  readonly sink: DeadLetterSink;
}

/**
 * Buries what the transformations of subscriptions failed on and want kept. In the background, those of a tenant one after
 * another, again and again while the dead letters cannot be had; the other tenants' do not wait for them.
 */
export class UntransformedLetters {
  /** By tenant, none of them empty. */
  private readonly waiting = new Map<string, WaitingLetter[]>();
  private count = 0;
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
      'Dead letters of transformations beyond the limit, or refused for good',
    );
    this.gauge = metrics.gauge('transformation_letters_waiting', 'Dead letters of transformations to be buried');
  }

  readonly take = (event: UntransformedEvent): void => {
    if (this.isStopped || this.count >= this.maxWaiting) return this.lost.add();
    const { tenant, fingerprint, place } = event;
    const { record } = place;
    // A copy, since a view would keep the whole batch in memory.
    const kept = { ...record, value: Buffer.from(record.value) };
    const letter: WaitingLetter = {
      event: { ...event, place: { ...place, record: kept } },
      sink: this.deps.sinkOf({ subscriptionId: letterOwner(fingerprint), tenant }),
    };
    const others = this.waiting.get(tenant);
    if (others === undefined) this.waiting.set(tenant, [letter]);
    else others.push(letter);
    this.setCount(this.count + 1);
    this.running ??= this.run();
  };

  /** Tries once more to bury what waits; the rest is lost, and counted. */
  async close(): Promise<void> {
    this.isStopped = true;
    this.wake();
    await this.running;
  }

  private async run(): Promise<void> {
    while (this.count > 0) {
      if (await this.buryAll()) continue;
      if (this.isStopped) {
        this.lost.add(this.count);
        this.waiting.clear();
        this.setCount(0);
      } else await this.pause();
    }
    this.running = undefined;
  }

  /** What waits now, of each tenant up to one that has to be tried again; false if there is such a one. */
  private async buryAll(): Promise<boolean> {
    let isWhole = true;
    for (const [tenant, letters] of [...this.waiting]) {
      for (let left = letters.length; left > 0; left--) {
        if (!(await this.isDealtWith(letters[0]))) {
          isWhole = false;
          break;
        }
        letters.shift();
        this.setCount(this.count - 1);
      }
      if (letters.length === 0) this.waiting.delete(tenant);
    }
    return isWhole;
  }

  /** Buried, or refused for good and counted as lost. */
  private async isDealtWith({ event, sink }: WaitingLetter): Promise<boolean> {
    const { record, at } = event.place;
    const nowMicros = this.deps.clock.nowMicros();
    const times = { firstFailureMicros: nowMicros, lastFailureMicros: nowMicros };
    try {
      await sink.bury({ event: record, at, reason: 'transformation_failed', attempts: 1, ...times });
    } catch (error) {
      if (!(error instanceof DistributionError) || error.retryable) return false;
      this.lost.add();
    }
    return true;
  }

  private setCount(count: number): void {
    this.count = count;
    this.gauge.set(count);
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
