import os from 'node:os';
import { unqualified } from '@distributary/distribution-core';
import {
  type FeatureSurroundings,
  type Parts,
  ReceiptSchedule,
  type Schedule,
  Schedules,
} from '@distributary/distribution-service';
import type { MarketDataConfig } from '../config/market-data.config.js';
import { RECEIPTS_TOPIC } from '../events/default-topics.js';
import { EventReceipts } from '../receipts/event-receipts.js';
import { receiptEventOf } from '../receipts/receipt-event.js';

const MILLION = 1_000_000;

/** Each gateway tells what became of a sample of the events that it wrote to subscriptions; of receipts nothing is told. */
export function openReceipts(
  parts: Pick<Parts, 'publisher' | 'observe'>,
  around: Pick<FeatureSurroundings<MarketDataConfig>, 'config' | 'roles' | 'clock' | 'ids' | 'metrics' | 'logger'>,
): Schedule {
  const { config, roles, clock, ids, metrics, logger } = around;
  if (!roles.has('gateway') || config.RECEIPT_SAMPLE_PPM === 0) return new Schedules([]);
  const isWanted = (topic: string) => unqualified(topic) !== RECEIPTS_TOPIC;
  const receipts = new EventReceipts(config.RECEIPT_SAMPLE_PPM / MILLION, isWanted, clock, metrics);
  parts.observe(receipts.flushes);
  const processName = config.PROCESS_NAME ?? os.hostname().slice(0, 100);
  return new ReceiptSchedule({
    take: () => receipts.take(),
    publish: (taken, principal) => {
      const nowMicros = clock.nowMicros();
      const events = taken.flatMap(
        (receipt) => receiptEventOf(receipt, { eventId: ids.uuid(), nowMicros, processName }) ?? [],
      );
      return parts.publisher.publishRead(events, principal);
    },
    clock,
    intervalMs: config.RECEIPT_INTERVAL_MS,
    log: logger,
  });
}
