import { DistributionError, type PublishedEvent, type PublishOutcome } from '@distributary/distribution-core';
import type { SeededRandom } from '../seeded-random.js';
import type { Gateway } from './gateway.js';
import type { SimulatedBroker } from './simulated-broker.js';
import type { SimulatedTime } from './simulated-time.js';
import type { SimulatedSubscription } from './subscription-plan.js';

export interface ProducerSurroundings {
  readonly time: SimulatedTime;
  readonly random: SeededRandom;
  readonly broker: SimulatedBroker;
  readonly pickGateway: () => Gateway | undefined;
  /** Those who are to get what this producer publishes. */
  readonly subscriptions: readonly SimulatedSubscription[];
  readonly onViolation: (text: string) => void;
}

interface QueuedEvent {
  readonly key: string;
  readonly sequence: number;
  readonly event: PublishedEvent;
}

const NO_ANSWER_MS = 3_000;
const RETRY_MS = [20, 300] as const;
const LATENCY_MS = [0.2, 3] as const;
const MAX_AT_ONCE = 8;
/** What is published again lies within the dedupe window. */
const AGAIN_WITHIN_MS = 30_000;

/** Publishes to one topic, one call at a time and each until it is acknowledged, and keeps its own list. */
export class Producer {
  acknowledged = 0;
  private readonly sequences = new Map<string, number>();
  private queue: QueuedEvent[] = [];
  private isBusy = false;
  private isTwice = false;
  private readonly done: { readonly batch: readonly QueuedEvent[]; readonly atMs: number }[] = [];

  constructor(
    readonly topic: string,
    private readonly around: ProducerSurroundings,
  ) {}

  get isIdle(): boolean {
    return !this.isBusy && this.queue.length === 0;
  }

  publish(keys: readonly number[], isTwice: boolean): void {
    this.isTwice ||= isTwice;
    for (const number of keys) this.queue.push(this.next(`${this.topic}-k${number}`));
    void this.work();
  }

  /** A batch that was acknowledged is sent once more, as by somebody who forgot. */
  publishAgain(which: number): void {
    const recent = this.done.filter(({ atMs }) => atMs > this.around.time.nowMs - AGAIN_WITHIN_MS);
    const one = recent[which % Math.max(1, recent.length)];
    if (one !== undefined) this.call(one.batch).catch(() => undefined);
  }

  private next(key: string): QueuedEvent {
    const sequence = this.sequences.get(key) ?? 0;
    this.sequences.set(key, sequence + 1);
    for (const { ledger } of this.around.subscriptions) ledger.sent(key, sequence);
    return { key, sequence, event: { topic: this.topic, record: recordOf(key, sequence, this.around.time.nowMs) } };
  }

  private async work(): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    while (this.queue.length > 0) {
      const batch = this.queue.splice(0, MAX_AT_ONCE);
      if (this.isTwice) this.call(batch).catch(() => undefined);
      this.isTwice = false;
      await this.untilAcknowledged(batch);
      this.done.push({ batch, atMs: this.around.time.nowMs });
    }
    this.isBusy = false;
  }

  private async untilAcknowledged(batch: readonly QueuedEvent[]): Promise<void> {
    const { time, random, broker, subscriptions } = this.around;
    for (;;) {
      const outcomes = await this.call(batch).catch((error: unknown) => this.check(error));
      if (outcomes === undefined) {
        await time.delay(random.between(...RETRY_MS));
        continue;
      }
      outcomes.forEach((outcome, index) => {
        const { key, sequence, event } = batch[index];
        const { lane, position } = outcome;
        // Readers keep the first copy, wherever a later call was told that the event lies.
        const place = broker.placeOf(this.topic, event.record.eventId) ?? {
          lane: `${this.topic}#${lane.partition}`,
          epoch: lane.epoch,
          position,
        };
        this.acknowledged++;
        for (const { ledger } of subscriptions) ledger.acknowledged(key, sequence, place);
      });
      return;
    }
  }

  private check(error: unknown): undefined {
    const isExpected = error instanceof DistributionError && EXPECTED.has(error.code);
    if (!isExpected) this.around.onViolation(`publishing was refused: ${String(error)}`);
    return undefined;
  }

  private call(batch: readonly QueuedEvent[]): Promise<readonly PublishOutcome[]> {
    const { time, random } = this.around;
    const gateway = this.around.pickGateway();
    const latency = () => random.between(...LATENCY_MS);
    return new Promise((resolve, reject) => {
      time.after(NO_ANSWER_MS, () => reject(new DistributionError('broker.unavailable', 'the gateway is silent')));
      const later = (settle: () => void) => void time.after(latency(), settle);
      // Also a call that the producer has given up by then goes on in a gateway that wakes.
      const arrive = () =>
        gateway?.publish(batch.map(({ event }) => event)).then(
          (outcomes) => later(() => resolve(outcomes)),
          (error: unknown) => later(() => reject(error as Error)),
        );
      later(() => gateway?.clock.soon(() => void arrive()));
    });
  }
}

const EXPECTED: ReadonlySet<string> = new Set(['broker.unavailable', 'topic.not_found', 'ingest.busy']);

/** As the stream encodes it. */
export function recordOf(key: string, sequence: number, atMs: number): PublishedEvent['record'] {
  const eventId = `${key}.${sequence}`;
  return {
    eventId,
    timeMicros: Math.round(atMs * 1000),
    routingKey: key,
    attributes: {},
    value: Buffer.from(JSON.stringify({ event_id: eventId, k: key, n: sequence })),
  };
}
