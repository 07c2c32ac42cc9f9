import { BEFORE_FIRST } from '@distributary/distribution-core';
import { events, expectKept, Follower, SteadyWriter, until } from '@distributary/distribution-core/testing';
import { startPulsar } from '../../../../tools/stack/src/index.js';
import { aPulsarOfItsOwn } from '../testing/pulsar-suite.js';

const FOREVER = { ms: 0, bytes: 0 };
const ENOUGH = 500;

const suite = aPulsarOfItsOwn(startPulsar, { timeoutMs: 90_000 });

/** A lane that is written and read while something happens to Pulsar. */
async function watched(topic: string, what: (writer: SteadyWriter) => Promise<void>): Promise<SteadyWriter> {
  const { log } = suite.harness;
  await log.createTopic(topic, 1, FOREVER);
  const follower = new Follower(log, { topic, partition: 0, after: BEFORE_FIRST });
  const writer = new SteadyWriter(log, topic);
  await until('some events', () => writer.acknowledged.length > ENOUGH, 60_000);
  await what(writer);
  const before = writer.acknowledged.length;
  await until('more events', () => writer.acknowledged.length > before + ENOUGH, 120_000);
  await writer.stop();
  await until('the tail', () => follower.eventIds.length >= writer.acknowledged.length, 60_000);
  await follower.stop();
  expect(follower.error).toBeUndefined();
  expectKept(writer, follower.eventIds);
  return writer;
}

describe('a Pulsar that', () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'ends by %s and comes back has everything that was acknowledged, once, in order',
    async (signal) => {
      const writer = await watched(`restart-${signal}`, async () => {
        await suite.pulsar.kill(signal);
        await suite.pulsar.restart();
      });
      expect(writer.refused).toEqual([]);
    },
    240_000,
  );

  it('neither answers nor closes its connections is waited out', async () => {
    const writer = await watched('frozen', async ({ acknowledged }) => {
      suite.pulsar.freeze();
      const atFreeze = acknowledged.length;
      const frozenMs = performance.now();
      // Longer than an answer may take.
      await until('a long silence', () => performance.now() - frozenMs > 7_000, 60_000);
      expect(acknowledged.length - atFreeze).toBeLessThan(ENOUGH);
      suite.pulsar.goOn();
    });
    expect(writer.refused).toEqual([]);
  }, 240_000);

  it('is away for longer than the time-out is broker.unavailable, and the log is sound afterwards', async () => {
    const { log } = suite.harness;
    await log.createTopic('impatient', 1, FOREVER);
    const hasty = await suite.harness.another({ timeoutMs: 1_500, requestTimeoutMs: 1_000 });
    const follower = new Follower(log, { topic: 'impatient', partition: 0, after: BEFORE_FIRST });
    const writer = new SteadyWriter(hasty, 'impatient');
    await until('some events', () => writer.acknowledged.length > 100, 60_000);
    await suite.pulsar.kill();
    await until('refusals', () => writer.refused.length > 3, 60_000);
    await expect(hasty.ends('impatient')).rejects.toMatchObject({ code: 'broker.unavailable' });
    await suite.pulsar.restart();
    const before = writer.acknowledged.length;
    await until('more events', () => writer.acknowledged.length > before + 100, 60_000);
    await writer.stop();
    const [ends] = await log.ends('impatient');
    await until('the tail', () => follower.eventIds.length >= ends.events, 60_000);
    await follower.stop();
    expect(new Set(writer.refused.map(({ code }) => code))).toEqual(new Set(['broker.unavailable']));
    expectKept(writer, follower.eventIds);
  }, 240_000);

  it('dies keeps positions of groups', async () => {
    const { log } = suite.harness;
    await log.createTopic('grouped', 2, FOREVER);
    const [{ lane, last }] = await log.append([{ topic: 'grouped', partition: 1, records: events(3) }]);
    const positions = [{ ...lane, position: last }];
    await log.commit({ group: 'readers', positions });
    await suite.pulsar.kill();
    await suite.pulsar.restart();
    expect(await log.committed('readers')).toEqual(positions);
  }, 240_000);
});
