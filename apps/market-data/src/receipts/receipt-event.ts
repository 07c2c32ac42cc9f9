import type { MarketDataDistributed } from '@distributary/contracts';
import { offsetOfPosition, unqualified } from '@distributary/distribution-core';
import { isoOfMicros, type PublishedEvent } from '@distributary/distribution-service';
import { RECEIPTS, RECEIPTS_TOPIC } from '../events/default-topics.js';
import { storedEventOf } from '../events/stored-event.js';
import { OWN_SERVICE } from '../manners/status-events.js';
import type { EventReceipt } from './event-receipts.js';

/** The specification's `market_data_distributed` as it stands there: what was distributed, where from, to how many, how fast. */
export interface ReceiptEvent extends Omit<MarketDataDistributed, 'data_type' | 'distribution' | 'data' | 'metadata'> {
  readonly data_type: typeof RECEIPTS;
  readonly distribution: {
    readonly topic: string;
    readonly partition: number;
    /** Absent where the broker does not count. */
    readonly offset?: number;
    /** As clients are told it. */
    readonly position: string;
    /** The id of the event that was distributed. */
    readonly message_id: string;
    readonly subscribers_notified: number;
    readonly distribution_latency_ms: number;
  };
  /** Of the event, as far as its type has it: symbol, exchange, timestamp, price, volume. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: { readonly source: string; readonly process: string };
}

export interface ReceiptOptions {
  readonly eventId: string;
  readonly nowMicros: number;
  /** Which process distributed it: another one has receipts of its own of the same event. */
  readonly processName: string;
}

const DATA_FIELDS = ['symbol', 'exchange', 'timestamp', 'price', 'volume'] as const;

/** Undefined: what was distributed has not the form of an event. */
export function receiptEventOf(receipt: EventReceipt, options: ReceiptOptions): PublishedEvent | undefined {
  const { at, record, subscribersNotified, latencyMs } = receipt;
  const event = storedEventOf(record.value);
  if (event === undefined) return undefined;
  const { eventId, nowMicros, processName } = options;
  const offset = offsetOfPosition(at.position);
  const data = event.data as unknown as Readonly<Record<string, unknown>>;
  const stored: ReceiptEvent = {
    event_id: eventId,
    timestamp: isoOfMicros(nowMicros),
    data_type: RECEIPTS,
    distribution: {
      topic: unqualified(at.topic),
      partition: at.partition,
      ...(offset !== undefined && { offset }),
      position: at.position,
      message_id: record.eventId,
      subscribers_notified: subscribersNotified,
      distribution_latency_ms: Math.round(latencyMs * 1000) / 1000,
    },
    data: Object.fromEntries(DATA_FIELDS.flatMap((name) => (data[name] === undefined ? [] : [[name, data[name]]]))),
    routing: event.routing,
    metadata: { source: OWN_SERVICE, process: processName },
  };
  const { symbol, exchange } = record.attributes;
  return {
    topic: RECEIPTS_TOPIC,
    record: {
      eventId,
      timeMicros: nowMicros,
      routingKey: record.routingKey,
      attributes: {
        data_type: RECEIPTS,
        ...(symbol !== undefined && { symbol }),
        ...(exchange !== undefined && { exchange }),
        source: OWN_SERVICE,
      },
      value: Buffer.from(JSON.stringify(stored)),
    },
  };
}
