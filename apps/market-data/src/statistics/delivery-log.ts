import type { Clock } from '@distributary/distribution-core';
import type { RowWriter } from './row-writer.js';
import type { DeliveryRow } from './statistics-rows.js';

/** A message and what became of it. */
export interface DeliverySample {
  /** What the output event says, at most 100 characters are kept. */
  readonly messageId: string;
  readonly topic: string;
  readonly partition?: number;
  readonly offset?: number;
  /** From taken by the broker to written. */
  readonly latencyMs?: number;
  /** Attempts before this one. */
  readonly retries?: number;
}

const HASH_RANGE = 2 ** 32;

/**
 * Writes `message_delivery_log`: every failure and every attempt that is made again, and of the deliveries those whose
 * message id hashes below the rate. So every process keeps the same messages, and all that became of each of them.
 */
export class DeliveryLog {
  private readonly threshold: number;

  /** `sampleRate`: of deliveries, 0 to 1. */
  constructor(
    private readonly writer: Pick<RowWriter<DeliveryRow>, 'add'>,
    private readonly clock: Clock,
    sampleRate: number,
  ) {
    this.threshold = sampleRate * HASH_RANGE;
  }

  /** Ask before a sample is made. */
  isSampled(messageId: string): boolean {
    return hashOf(messageId) < this.threshold;
  }

  delivered(sample: DeliverySample): void {
    if (this.isSampled(sample.messageId)) this.note(sample, 'delivered', undefined);
  }

  retrying(sample: DeliverySample, error: string): void {
    this.note(sample, 'retrying', error);
  }

  failed(sample: DeliverySample, error: string): void {
    this.note(sample, 'failed', error);
  }

  private note(sample: DeliverySample, status: DeliveryRow['status'], error: string | undefined): void {
    const { messageId, topic, partition, offset, latencyMs, retries = 0 } = sample;
    const atMicros = this.clock.nowMicros();
    this.writer.add({ atMicros, messageId, topic, partition, offset, latencyMs, retries, status, error });
  }
}

/** FNV-1a over the UTF-16 units, stirred: ids of neighbours differ in their last digits, and FNV stirs those least. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
