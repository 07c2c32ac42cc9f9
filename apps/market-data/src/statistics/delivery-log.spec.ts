import { FakeClock } from '@distributary/distribution-core/testing';
import fc from 'fast-check';
import { DeliveryLog } from './delivery-log.js';
import type { DeliveryRow } from './statistics-rows.js';

function aLog(sampleRate: number) {
  const rows: DeliveryRow[] = [];
  return { rows, log: new DeliveryLog({ add: (row) => rows.push(row) }, new FakeClock(7), sampleRate) };
}
const sample = { messageId: '12:3:0', topic: 'market-data/trades', partition: 0, offset: 3, latencyMs: 4 };

describe('the log of deliveries', () => {
  it('has every failure and every attempt that is made again', () => {
    const { log, rows } = aLog(0);
    log.delivered(sample);
    log.retrying({ ...sample, retries: 1 }, 'not acknowledged in time');
    log.failed({ ...sample, retries: 2 }, 'refused');
    expect(rows).toEqual([
      { ...sample, atMicros: 7, retries: 1, status: 'retrying', error: 'not acknowledged in time' },
      { ...sample, atMicros: 7, retries: 2, status: 'failed', error: 'refused' },
    ]);
  });

  it('has the wanted share of deliveries, also of ids that differ in their last digit alone', () => {
    for (const rate of [0, 0.01, 0.25, 1]) {
      const { log, rows } = aLog(rate);
      for (let entry = 0; entry < 100_000; entry++) log.delivered({ ...sample, messageId: `12:${entry}:0` });
      expect(Math.abs(rows.length / 100_000 - rate)).toBeLessThan(0.003);
    }
  });

  it('has the same messages in every process, and with a higher rate those of the lower one', () => {
    const [low, same, high] = [aLog(0.1).log, aLog(0.1).log, aLog(0.5).log];
    fc.assert(
      fc.property(fc.string(), (messageId) => {
        expect(same.isSampled(messageId)).toBe(low.isSampled(messageId));
        if (low.isSampled(messageId)) expect(high.isSampled(messageId)).toBe(true);
      }),
    );
  });
});
