import { BEFORE_FIRST } from '@distributary/distribution-core';
import { anEvent, expectKept, Follower, SteadyWriter, until } from '@distributary/distribution-core/testing';
import { type KafkaClusterForTest, startKafka3 } from '../../../../tools/stack/src/index.js';
import { KafkaFromOutside } from '../testing/kafka-admin.js';
import { aKafkaLog, type KafkaHarness } from '../testing/kafka-harness.js';

const FOREVER = { ms: 0, bytes: 0 };
const ENOUGH = 500;

let cluster: KafkaClusterForTest;
let outside: KafkaFromOutside;
let harness: KafkaHarness;

beforeAll(async () => {
  cluster = await startKafka3();
  outside = await KafkaFromOutside.of(cluster.url);
  harness = await aKafkaLog(cluster.url, { brokers: cluster.url.split(','), timeoutMs: 60_000 });
}, 240_000);

afterAll(async () => {
  await harness?.dispose();
  await outside?.close();
  await cluster?.stop();
}, 60_000);

/** A lane that is written and read while something happens to the cluster. */
async function watched(topic: string, what: (kafkaTopic: string, writer: SteadyWriter) => Promise<void>) {
  const { log } = harness;
  await log.createTopic(topic, 1, FOREVER);
  const kafkaTopic = await outside.topicOf(harness.prefix, topic);
  const follower = new Follower(log, { topic, partition: 0, after: BEFORE_FIRST });
  const writer = new SteadyWriter(log, topic);
  await until('some events', () => writer.acknowledged.length > ENOUGH, 30_000);
  await what(kafkaTopic, writer);
  const before = writer.acknowledged.length;
  await until('more events', () => writer.acknowledged.length > before + ENOUGH, 60_000);
  await writer.stop();
  const [ends] = await log.ends(topic);
  await until('the tail', () => follower.eventIds.length >= ends.events, 60_000);
  await follower.stop();
  expect(follower.error).toBeUndefined();
  expectKept(writer, follower.eventIds);
  return { writer, follower };
}

const brokerOf = (id: number) => cluster.brokers[id - 1];

describe('three brokers', () => {
  it('lose the leader of a lane: another one takes over, and nothing acknowledged is missing', async () => {
    const { writer } = await watched('leaderless', async (topic, { acknowledged }) => {
      const leader = await outside.leaderOf(topic);
      await brokerOf(leader).kill();
      const atKill = acknowledged.length;
      await until('events without it', () => acknowledged.length > atKill + ENOUGH, 60_000);
      expect(await outside.leaderOf(topic)).not.toBe(leader);
      await brokerOf(leader).restart();
      await outside.untilAllInSync(topic, 3);
    });
    expect(writer.refused).toEqual([]);
    // A lane stalls until the cluster has noticed (4 s here), and no longer than 10 s.
    expect(writer.longestSilenceMs).toBeLessThan(10_000);
  }, 240_000);

  it('have a leader that is frozen: it is replaced, and what it says when it wakes up changes nothing', async () => {
    const { writer } = await watched('frozen', async (topic, { acknowledged }) => {
      const leader = await outside.leaderOf(topic);
      brokerOf(leader).freeze();
      try {
        const atFreeze = acknowledged.length;
        await until('events without it', () => acknowledged.length > atFreeze + ENOUGH, 90_000);
      } finally {
        brokerOf(leader).goOn();
      }
      await outside.untilAllInSync(topic, 3);
    });
    expect(writer.refused).toEqual([]);
  }, 240_000);

  it('are restarted one after another: appends, transactions and positions of groups go on', async () => {
    const { log } = harness;
    await log.createTopic('outputs', 2, FOREVER);
    const written: string[] = [];
    await watched('rolling', async (topic) => {
      const [{ lane }] = await log.ends('rolling');
      for (const broker of cluster.brokers) {
        await broker.kill();
        // Whichever broker led a coordinator, it has moved.
        const eventId = `after-${broker.port}`;
        const records = [anEvent({ eventId })];
        const position = (await log.ends('rolling'))[0].last;
        const lanes = [0, 1].map((partition) => ({ topic: 'outputs', partition, records }));
        await log.append(lanes, { group: 'movers', positions: [{ ...lane, position }] });
        written.push(eventId);
        // The first positions of a group are seen a moment after their transaction: Kafka lists no lane without any.
        const moved = async () => (await log.committed('movers')).some((found) => found.position === position);
        await until('the positions of the transaction', moved, 30_000);
        await log.commit({ group: 'others', positions: [{ ...lane, position }] });
        expect(await log.committed('others')).toEqual([{ ...lane, position }]);
        await broker.restart();
        await outside.untilAllInSync(topic, 3);
      }
    });
    for (const partition of [0, 1]) {
      const seen = new Follower(log, { topic: 'outputs', partition, after: BEFORE_FIRST });
      await until('the outputs', () => seen.eventIds.length >= written.length, 30_000);
      await seen.stop();
      expect(seen.eventIds).toEqual(written);
    }
  }, 400_000);

  it('acknowledge nothing while only one has it', async () => {
    const { log } = harness;
    const hasty = await harness.another({ timeoutMs: 5_000, requestTimeoutMs: 2_000 });
    await log.createTopic('lonely', 1, FOREVER);
    const topic = await outside.topicOf(harness.prefix, 'lonely');
    const append = (eventId: string) =>
      hasty.append([{ topic: 'lonely', partition: 0, records: [anEvent({ eventId })] }]);
    await append('before');
    const leader = await outside.leaderOf(topic);
    const others = [1, 2, 3].filter((id) => id !== leader);
    await Promise.all(others.map((id) => brokerOf(id).kill()));
    await expect(append('alone')).rejects.toMatchObject({ code: 'broker.unavailable' });
    await Promise.all(others.map((id) => brokerOf(id).restart()));
    await outside.untilAllInSync(topic, 3);
    await append('together');
    const follower = new Follower(log, { topic: 'lonely', partition: 0, after: BEFORE_FIRST });
    await until('the newest', () => follower.eventIds.includes('together'), 30_000);
    await follower.stop();
    // What was refused may be there, once.
    expect(follower.eventIds.filter((id) => id !== 'alone')).toEqual(['before', 'together']);
    expect(follower.eventIds.length).toBeLessThanOrEqual(3);
  }, 240_000);
});
