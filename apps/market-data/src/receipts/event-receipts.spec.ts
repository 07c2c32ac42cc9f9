import { type LaneState, noMetrics, positionOfOffset } from '@distributary/distribution-core';
import { FakeClock } from '@distributary/distribution-core/testing';
import type { ReceiptEvent } from './receipt-event.js';
import { RECEIPTS_TOPIC } from '../events/default-topics.js';
import { countedMetrics } from '../testing/counted-metrics.js';
import { aQuote, aTrade, batchOf } from '../testing/published-events.js';
import { EventReceipts } from './event-receipts.js';
import { receiptEventOf } from './receipt-event.js';

const TAKEN_MICROS = 7_000;
const options = { eventId: 'receipt-1', nowMicros: 1_750_000_000_000_000, processName: 'gateway-1' };
const stateOf = (topic: string, tenant = 'default') =>
  ({ lane: { topic, partition: 2, epoch: 'e' }, topic: { name: topic, tenant } }) as LaneState;

function aWorld(sampleRate = 1, metrics = noMetrics) {
  const clock = new FakeClock(TAKEN_MICROS);
  const receipts = new EventReceipts(sampleRate, (topic) => topic !== RECEIPTS_TOPIC, clock, metrics);
  const state = stateOf('market-data/normalized/equities');
  return { clock, receipts, state };
}

const batch = batchOf(new FakeClock(), aTrade({ price: '150.2500000000000001' }, { event_id: 'one' }), aQuote());

describe('receipts of single events', () => {
  it('say where the event is, to how many it went over all feeds, and how long the last of them took', () => {
    const { clock, receipts, state } = aWorld();
    receipts.flushes.delivered(1, state, 0, 1, 3, [{ batch, from: 0, to: 1 }]);
    clock.advance(2);
    receipts.flushes.delivered(2, state, 0, 1, 4, [{ batch, from: 0, to: 1 }]);
    expect(receipts.take()).toEqual([]);
    clock.advance(500);
    const [receipt, ...others] = receipts.take();
    expect(others).toEqual([]);
    const event = receiptEventOf(receipt, options);
    expect(event).toMatchObject({
      topic: RECEIPTS_TOPIC,
      record: {
        eventId: 'receipt-1',
        routingKey: 'AAPL.NASDAQ.trade',
        attributes: { data_type: 'RECEIPTS', symbol: 'AAPL', exchange: 'NASDAQ' },
      },
    });
    const told = JSON.parse(String(event?.record.value)) as ReceiptEvent;
    expect(told).toEqual({
      event_id: 'receipt-1',
      timestamp: '2025-06-15T15:06:40.000Z',
      data_type: 'RECEIPTS',
      distribution: {
        topic: 'market-data/normalized/equities',
        partition: 2,
        offset: 0,
        position: positionOfOffset(0),
        message_id: 'one',
        subscribers_notified: 7,
        distribution_latency_ms: 9,
      },
      data: {
        symbol: 'AAPL',
        exchange: 'NASDAQ',
        timestamp: expect.any(String),
        price: '150.2500000000000001',
        volume: 1_000,
      },
      routing: { routing_key: 'AAPL.NASDAQ.trade', target_workflows: [], delivery_guarantees: 'at_least_once' },
      metadata: { source: 'market-data-distribution', process: 'gateway-1' },
    });
    expect(receipts.take()).toEqual([]);
  });

  it('leave out what the type of the event does not have, and are none of what is no event', () => {
    const { clock, receipts, state } = aWorld();
    receipts.flushes.delivered(1, state, 0, 1, 3, [{ batch, from: 1, to: 2 }]);
    clock.advance(500);
    const [receipt] = receipts.take();
    const told = JSON.parse(String(receiptEventOf(receipt, options)?.record.value)) as ReceiptEvent;
    expect(Object.keys(told.data)).toEqual(['symbol', 'exchange', 'timestamp']);
    const record = { ...receipt.record, value: Buffer.from('{}') };
    expect(receiptEventOf({ ...receipt, record }, options)).toBeUndefined();
  });

  it('are none of receipts, and none of events outside the sample', () => {
    const { clock, receipts } = aWorld();
    receipts.flushes.delivered(1, stateOf(RECEIPTS_TOPIC), 0, 2, 3, [{ batch, from: 0, to: 2 }]);
    const few = aWorld(0);
    few.receipts.flushes.delivered(1, few.state, 0, 2, 3, [{ batch, from: 0, to: 2 }]);
    clock.advance(500);
    few.clock.advance(500);
    expect([...receipts.take(), ...few.receipts.take()]).toEqual([]);
  });

  it('are bounded, and what is omitted is counted', () => {
    const { metrics, counts } = countedMetrics();
    const { clock, receipts } = aWorld(1, metrics);
    for (let lane = 0; lane < 5_003; lane++) {
      receipts.flushes.delivered(1, stateOf(`topic-${lane}`), 0, 1, 1, [{ batch, from: 0, to: 1 }]);
    }
    clock.advance(500);
    expect(receipts.take()).toHaveLength(5_000);
    expect(counts()).toEqual({ event_receipts_omitted_total: 3 });
    receipts.flushes.delivered(1, stateOf('again'), 0, 1, 1, [{ batch, from: 0, to: 1 }]);
    clock.advance(500);
    expect(receipts.take()).toHaveLength(1);
  });
});
