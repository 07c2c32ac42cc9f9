import { EventSample, type LaneState, positionOfOffset } from '@distributary/distribution-core';
import { FakeClock } from '@distributary/distribution-core/testing';
import { aTrade, batchOf } from '../testing/published-events.js';
import { DeliveryLog } from './delivery-log.js';
import type { DeliveryRow } from './statistics-rows.js';

/** Batches of the test were taken at the beginning of time. */
const NOW_MICROS = 4_000;

function aLog(sampleRate: number) {
  const rows: DeliveryRow[] = [];
  return { rows, log: new DeliveryLog({ add: (row) => rows.push(row) }, new FakeClock(NOW_MICROS), sampleRate) };
}

const lane = { topic: 'market-data/trades', partition: 3, epoch: 'e' };
const state = { lane, topic: { name: 'market-data/trades', tenant: 'default' } } as LaneState;
const batch = batchOf(new FakeClock(), ...['a', 'b', 'c', 'd', 'e', 'f'].map((id) => aTrade({}, { event_id: id })));
const place = { topic: 'market-data/trades', partition: 3 };
const delivery = (index: number, attempt: number) => ({
  batch,
  index,
  attempt,
  at: { ...lane, position: positionOfOffset(index) },
  event: batch.recordAt(index),
});
const flushed = (log: DeliveryLog) =>
  log.flushes.delivered(1, state, 90, 6, 2, [
    { batch, from: 0, to: 2 },
    { batch, from: 3, to: 6 },
  ]);

describe('the log of deliveries', () => {
  it('has every attempt that failed, whatever the sample is', () => {
    const { log, rows } = aLog(0);
    const attempt = { subscriptionId: 'risk', eventId: 'a', at: { ...lane, position: positionOfOffset(7) } };
    log.retrying({ ...attempt, attempts: 1, reason: 'ack_timeout' });
    log.failed({ ...attempt, attempts: 2, reason: 'nacked' });
    log.acknowledged(delivery(0, 1));
    flushed(log);
    const row = { ...place, atMicros: NOW_MICROS, messageId: 'a', offset: 7, latencyMs: undefined };
    expect(rows).toEqual([
      { ...row, retries: 0, status: 'retrying', error: 'ack_timeout: risk' },
      { ...row, retries: 1, status: 'failed', error: 'nacked: risk' },
    ]);
  });

  it('has a row of each gap that a reader was told of, and none of what is gone with its topic', () => {
    const { log, rows } = aLog(0);
    log.flushes.lost(state, 'slow', 12, positionOfOffset(40));
    log.flushes.lost(state, 'policy', 1, positionOfOffset(41));
    log.flushes.lost(state, 'deleted', 1, positionOfOffset(41));
    expect(rows).toMatchObject([
      { ...place, offset: 40, status: 'failed', error: expect.stringMatching(/^slow: 12 events/) },
      { ...place, offset: 41, status: 'failed', error: expect.stringMatching(/^policy: 1 events/) },
    ]);
  });

  it('has of each flush the events of the sample, with how long they took', () => {
    const { log, rows } = aLog(1);
    flushed(log);
    expect(rows.map(({ messageId }) => messageId)).toEqual(['a', 'b', 'd', 'e', 'f']);
    expect(rows[2]).toEqual({
      ...place,
      atMicros: NOW_MICROS,
      messageId: 'd',
      offset: 3,
      latencyMs: 4,
      retries: 0,
      status: 'delivered',
      error: undefined,
    });
  });

  it('has of what is acknowledged one by one the same events, and how often they were sent before', () => {
    const { log, rows } = aLog(0.5);
    flushed(log);
    const sampled = rows.splice(0).map(({ messageId }) => messageId);
    const sample = new EventSample(0.5);
    for (const index of [0, 1, 3, 4, 5]) log.acknowledged(delivery(index, 3));
    expect(rows.map(({ messageId }) => messageId)).toEqual(sampled);
    expect(sampled).toEqual(
      [0, 1, 3, 4, 5].filter((index) => sample.includes(batch, index)).map((index) => batch.eventIdAt(index)),
    );
    for (const row of rows) expect(row).toMatchObject({ retries: 2, status: 'delivered', latencyMs: 4 });
  });
});
