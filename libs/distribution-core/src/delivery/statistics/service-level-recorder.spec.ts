import { noMetrics } from '../../ports/metrics.port.js';
import { aDay } from '../../testing/daily-delivery-store.contract.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { InMemoryDailyDeliveryStore } from '../../testing/in-memory-daily-delivery-store.js';
import { settle } from '../../testing/settle.js';
import { serviceLevelOf } from './daily-delivery.js';
import { PerformanceStatistics } from './performance-statistics.js';
import { ServiceLevelRecorder, type ServedTopic } from './service-level-recorder.js';

const NOON_MICROS = Date.parse('2026-11-21T12:00:00Z') * 1000;
const NOON = 720;
const WRITE_EVERY_MS = 60_000;

function aWorld(startMicros = NOON_MICROS) {
  const clock = new FakeClock(startMicros);
  const statistics = new PerformanceStatistics(clock);
  const store = new InMemoryDailyDeliveryStore();
  const errors: unknown[] = [];
  let topics: ServedTopic[] = [{ name: 'a', tenant: 'default', isServed: true }];
  const open = (maxPending?: number) =>
    new ServiceLevelRecorder(
      { statistics, store, topics: () => topics, clock, metrics: noMetrics, onError: (error) => errors.push(error) },
      { writeEveryMs: WRITE_EVERY_MS, retentionDays: 30, maxPending },
    );
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 1_000) {
      clock.advance(1_000);
      await settle(clock, 1);
    }
  };
  const rows = async () => store.find({ tenant: 'default', from: '2000-01-01', to: '2100-01-01', limit: 100 });
  const deliver = (topic = 'a', latencyMs = 4) =>
    statistics.delivered(
      1,
      { lane: { topic, partition: 0, epoch: 'e' }, topic: { name: topic, tenant: 'default' } },
      latencyMs,
      1,
      1,
    );
  return { clock, store, errors, open, pass, rows, deliver, serve: (next: ServedTopic[]) => (topics = next) };
}

describe('the recorder of service levels', () => {
  it('writes what was delivered and the minutes that were served, in batches', async () => {
    const { open, pass, rows, deliver } = aWorld();
    const recorder = open();
    recorder.start();
    deliver();
    await pass(30_000);
    expect(await rows()).toEqual([]);
    await pass(3 * 60_000);
    deliver();
    await recorder.stop();
    expect(await rows()).toMatchObject([
      { day: '2026-11-21', deliveries: 2, servedMinutes: [NOON, NOON + 1, NOON + 2] },
    ]);
  });

  it('counts no minute in which the topic was not served for a moment', async () => {
    const { open, pass, rows, serve } = aWorld();
    const recorder = open();
    recorder.start();
    await pass(70_000);
    serve([{ name: 'a', tenant: 'default', isServed: false }]);
    await pass(2_000);
    serve([{ name: 'a', tenant: 'default', isServed: true }]);
    await pass(120_000);
    await recorder.stop();
    expect((await rows())[0].servedMinutes).toEqual([NOON, NOON + 2]);
  });

  it('counts no minute that the process did not see from its beginning', async () => {
    const { open, pass, rows } = aWorld(NOON_MICROS + 30e6);
    const recorder = open();
    recorder.start();
    await pass(100_000);
    await recorder.stop();
    expect((await rows())[0].servedMinutes).toEqual([NOON + 1]);
  });

  it('goes on after a restart, and adds to what is there', async () => {
    const { open, pass, rows, deliver } = aWorld();
    for (let run = 0; run < 2; run++) {
      const recorder = open();
      recorder.start();
      deliver();
      await pass(90_000);
      await recorder.stop();
    }
    const [row] = await rows();
    expect(row.deliveries).toBe(2);
    // The second run began in the middle of a minute.
    expect(row.servedMinutes).toEqual([NOON, NOON + 2]);
  });

  it('keeps what a store that does not answer did not take, up to a bound', async () => {
    const { open, pass, rows, deliver, store, errors } = aWorld();
    const recorder = open(3);
    recorder.start();
    store.isDown = true;
    deliver();
    await pass(3 * 60_000);
    expect(errors.length).toBeGreaterThanOrEqual(2);
    for (const topic of ['b', 'c', 'd', 'e']) deliver(topic);
    await pass(60_000);
    store.isDown = false;
    await recorder.stop();
    expect(await rows()).toMatchObject([{ topic: 'a', deliveries: 1 }, { topic: 'b' }, { topic: 'c' }]);
  });

  it('begins a new row at midnight, and lets go of what is too old', async () => {
    const { open, pass, rows, deliver, store } = aWorld(NOON_MICROS + 12 * 3600e6 - 30e6);
    await store.add([aDay({ day: '2026-09-01' })]);
    const recorder = open();
    recorder.start();
    deliver();
    await pass(100_000);
    deliver();
    await recorder.stop();
    expect((await rows()).map(({ day, servedMinutes }) => [day, servedMinutes])).toEqual([['2026-11-22', [0]]]);
  });
});

describe('the service level of a day', () => {
  const row = (servedMinutes: number[]) => aDay({ deliveries: 99, failed: 1, servedMinutes });

  it('is of the minutes since the topic began, until now', () => {
    const level = serviceLevelOf(row([710, 711, 713]), true, NOON_MICROS);
    expect(level).toMatchObject({ dueMinutes: 10, servedMinutes: 3, availability: 0.3, deliveryRatio: 0.99 });
    expect(level.p99Ms).toBeGreaterThan(0);
  });

  it('is of the whole day afterwards', () => {
    const late = NOON_MICROS + 3 * 86_400e6;
    expect(serviceLevelOf(row([0, 1]), false, late)).toMatchObject({ dueMinutes: 1440, servedMinutes: 2 });
  });

  it('is not known before a minute is over', () => {
    const level = serviceLevelOf({ ...row([]), deliveries: 0, failed: 0 }, true, NOON_MICROS);
    expect(level).toMatchObject({ availability: undefined, deliveryRatio: undefined });
  });
});
