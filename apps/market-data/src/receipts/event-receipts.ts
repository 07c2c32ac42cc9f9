import {
  type Clock,
  type Counter,
  EventSample,
  type EventRecord,
  type FlushObserver,
  type LanePosition,
  type Metrics,
  type SampledDelivery,
  SampledDeliveries,
} from '@distributary/distribution-core';

/** What became of one event in this process. */
export interface EventReceipt {
  readonly tenant: string;
  /** By the catalog's name of its topic. */
  readonly at: LanePosition;
  readonly record: EventRecord;
  /** Subscriptions that keep up and were written to. */
  readonly subscribersNotified: number;
  /** From taken by the broker to written to the last of them. */
  readonly latencyMs: number;
}

interface Noted {
  readonly receipt: { -readonly [Field in keyof EventReceipt]: EventReceipt[Field] };
  readonly sinceMs: number;
}

const MAX_RECEIPTS = 5_000;
const MAX_BYTES = 16 * 2 ** 20;
/** The feeds that an event is in write it one after another; what comes later than this is another receipt of the same event. */
const WHOLE_AFTER_MS = 500;

/** Gathers receipts of a sample of events from what is written to subscriptions; of the others nothing is kept. */
export class EventReceipts {
  /** To be told of each flush. */
  readonly flushes: FlushObserver;
  /** By place, the oldest first. */
  private readonly noted = new Map<string, Noted>();
  private bytes = 0;
  private readonly omitted: Counter;

  /** `isWanted`: of which topics, by the catalog's name: not of those that receipts go to. */
  constructor(
    sampleRate: number,
    private readonly isWanted: (topic: string) => boolean,
    private readonly clock: Clock,
    metrics: Metrics,
  ) {
    this.flushes = new SampledDeliveries(new EventSample(sampleRate), clock, (delivery) => this.note(delivery));
    this.omitted = metrics.counter(
      'event_receipts_omitted_total',
      'Deliveries of events of the sample that were too many to have receipts',
    );
  }

  /** Those whose event was written to everybody by now, since the last call. */
  take(): readonly EventReceipt[] {
    const wholeMs = this.clock.monotonicMs() - WHOLE_AFTER_MS;
    const taken: EventReceipt[] = [];
    for (const [place, { receipt, sinceMs }] of this.noted) {
      if (sinceMs > wholeMs) break;
      this.noted.delete(place);
      this.bytes -= receipt.record.value.length;
      taken.push(receipt);
    }
    return taken;
  }

  private note({ state, batch, index, members, latencyMs }: SampledDelivery): void {
    const { topic, lane } = state;
    if (!this.isWanted(topic.name)) return;
    const at = { topic: topic.name, partition: lane.partition, epoch: lane.epoch, position: batch.positions.at(index) };
    const place = `${at.topic}#${at.partition}#${at.epoch}#${at.position}`;
    const known = this.noted.get(place);
    if (known !== undefined) {
      known.receipt.subscribersNotified += members;
      known.receipt.latencyMs = Math.max(known.receipt.latencyMs, latencyMs);
      return;
    }
    const record = batch.recordAt(index);
    if (this.noted.size >= MAX_RECEIPTS || this.bytes + record.value.length > MAX_BYTES) return this.omitted.add();
    // The batch would be held by it.
    const value = Buffer.from(record.value);
    this.bytes += value.length;
    this.noted.set(place, {
      receipt: { tenant: topic.tenant, at, record: { ...record, value }, subscribersNotified: members, latencyMs },
      sinceMs: this.clock.monotonicMs(),
    });
  }
}
