import {
  type Clock,
  type Delivery,
  type DeliveryObserver,
  EventSample,
  type FailedAttempt,
  type FlushObserver,
  type LanePosition,
  type LaneState,
  type LossReason,
  offsetOfPosition,
  type Position,
  type SampledDelivery,
  SampledDeliveries,
} from '@distributary/distribution-core';
import type { RowWriter } from './row-writer.js';
import type { DeliveryRow } from './statistics-rows.js';

/**
 * Writes `message_delivery_log`: every attempt of a durable subscription that failed, as tried again or given up, every gap
 * that a reader was told of, and of what was written to readers that keep up, or acknowledged one by one, the events whose
 * id hashes below the rate. So every process keeps the same events.
 */
export class DeliveryLog implements DeliveryObserver {
  /** To be told of each flush. */
  readonly flushes: FlushObserver;
  private readonly sample: EventSample;

  /** `sampleRate`: of deliveries, 0 to 1. */
  constructor(
    private readonly writer: Pick<RowWriter<DeliveryRow>, 'add'>,
    private readonly clock: Clock,
    sampleRate: number,
  ) {
    this.sample = new EventSample(sampleRate);
    const sampled = new SampledDeliveries(this.sample, clock, (delivery) => this.delivered(delivery));
    this.flushes = {
      arrived: () => undefined,
      delivered: (...told) => sampled.delivered(...told),
      replayed: () => undefined,
      lost: (...told) => this.missed(...told),
    };
  }

  acknowledged({ batch, index, at, attempt }: Delivery): void {
    if (!this.sample.includes(batch, index)) return;
    const latencyMs = (this.clock.nowMicros() - batch.appendedMicros) / 1000;
    this.note(at, batch.eventIdAt(index), { latencyMs, retries: attempt - 1, status: 'delivered' });
  }

  retrying(attempt: FailedAttempt): void {
    this.attempted(attempt, 'retrying');
  }

  failed(attempt: FailedAttempt): void {
    this.attempted(attempt, 'failed');
  }

  /** One reader was told of a gap: nobody looks which events it missed, so the row has the place where the gap ends. */
  private missed({ topic, lane }: LaneState, reason: LossReason, events: number, upTo: Position): void {
    // What is deleted, with its topic, nobody failed to deliver.
    if (reason === 'deleted') return;
    const at = { ...lane, topic: topic.name, position: upTo };
    const error = `${reason}: ${events} events up to here were left out for one subscription`;
    this.note(at, `${lane.partition}:${upTo}`, { retries: 0, status: 'failed', error });
  }

  private delivered({ state, batch, index, latencyMs }: SampledDelivery): void {
    const at = { ...state.lane, topic: state.topic.name, position: batch.positions.at(index) };
    this.note(at, batch.eventIdAt(index), { latencyMs, retries: 0, status: 'delivered' });
  }

  private attempted({ subscriptionId, eventId, at, attempts, reason }: FailedAttempt, status: DeliveryRow['status']) {
    this.note(at, eventId, { retries: attempts - 1, status, error: `${reason}: ${subscriptionId}` });
  }

  private note(
    { topic, partition, position }: LanePosition,
    messageId: string,
    what: Pick<DeliveryRow, 'retries' | 'status'> & Partial<Pick<DeliveryRow, 'latencyMs' | 'error'>>,
  ): void {
    const { latencyMs, retries, status, error } = what;
    const atMicros = this.clock.nowMicros();
    const offset = offsetOfPosition(position);
    this.writer.add({ atMicros, messageId, topic, partition, offset, latencyMs, retries, status, error });
  }
}
