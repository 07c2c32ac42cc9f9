import { BEFORE_FIRST } from '@distributary/distribution-core';
import { expectKept, Follower, SteadyWriter, until } from '@distributary/distribution-core/testing';
import { startKafka, type TestServer } from '../../../../tools/stack/src/index.js';
import { aKafkaLog, type KafkaHarness } from '../testing/kafka-harness.js';

const FOREVER = { ms: 0, bytes: 0 };
const ENOUGH = 1_000;

let kafka: TestServer;
let harness: KafkaHarness;

beforeAll(async () => {
  kafka = await startKafka();
  harness = await aKafkaLog(kafka.url, { timeoutMs: 60_000 });
}, 180_000);

afterAll(async () => {
  await harness?.dispose();
  await kafka?.stop('SIGKILL');
}, 60_000);

describe('a broker that is the only one', () => {
  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'may go by %s and come back: nothing acknowledged is missing, and tails go on by themselves',
    async (signal) => {
      const topic = `restarted-${signal.toLowerCase()}`;
      const { log } = harness;
      await log.createTopic(topic, 1, FOREVER);
      const follower = new Follower(log, { topic, partition: 0, after: BEFORE_FIRST });
      const writer = new SteadyWriter(log, topic);
      await until('some events', () => writer.acknowledged.length > ENOUGH, 30_000);
      await kafka.kill(signal);
      const atKill = writer.acknowledged.length;
      await kafka.restart();
      await until('more events', () => writer.acknowledged.length > atKill + ENOUGH, 60_000);
      await writer.stop();
      await until('the tail', () => follower.eventIds.length >= writer.acknowledged.length, 30_000);
      await follower.stop();
      expect(follower.error).toBeUndefined();
      expect(writer.refused).toEqual([]);
      expectKept(writer, follower.eventIds);
    },
    180_000,
  );

  it('answers broker.unavailable within the time-out while it is gone, and the log is sound afterwards', async () => {
    const { log } = harness;
    await log.createTopic('impatient', 1, FOREVER);
    const hasty = await harness.another({ timeoutMs: 1_500, requestTimeoutMs: 1_000 });
    const follower = new Follower(log, { topic: 'impatient', partition: 0, after: BEFORE_FIRST });
    const writer = new SteadyWriter(hasty, 'impatient');
    await until('some events', () => writer.acknowledged.length > 100, 30_000);
    await kafka.kill();
    await until('refusals', () => writer.refused.length > 3, 60_000);
    await kafka.restart();
    const before = writer.acknowledged.length;
    await until('more events', () => writer.acknowledged.length > before + 100, 60_000);
    await writer.stop();
    const [ends] = await log.ends('impatient');
    await until('the tail', () => follower.eventIds.length >= ends.events, 30_000);
    await follower.stop();
    expect(new Set(writer.refused.map(({ code }) => code))).toEqual(new Set(['broker.unavailable']));
    expectKept(writer, follower.eventIds);
  }, 180_000);

  it('that neither answers nor closes its connections is waited out', async () => {
    const { log } = harness;
    await log.createTopic('frozen', 1, FOREVER);
    const follower = new Follower(log, { topic: 'frozen', partition: 0, after: BEFORE_FIRST });
    const writer = new SteadyWriter(log, 'frozen');
    await until('some events', () => writer.acknowledged.length > 100, 30_000);
    kafka.freeze();
    const atFreeze = writer.acknowledged.length;
    // Longer than a request may take.
    await until('a long silence', () => silence(writer) > 7_000, 60_000);
    kafka.goOn();
    await until('more events', () => writer.acknowledged.length > atFreeze + 100, 60_000);
    await writer.stop();
    await until('the tail', () => follower.eventIds.length >= writer.acknowledged.length, 30_000);
    await follower.stop();
    expect(writer.refused).toEqual([]);
    expectKept(writer, follower.eventIds);
  }, 120_000);
});

const silence = (() => {
  let known = -1;
  let sinceMs = 0;
  return (writer: SteadyWriter): number => {
    if (writer.acknowledged.length !== known) {
      known = writer.acknowledged.length;
      sinceMs = performance.now();
    }
    return performance.now() - sinceMs;
  };
})();
