import { BEFORE_FIRST } from '@distributary/distribution-core';
import { anEvent, events, Follower, until } from '@distributary/distribution-core/testing';
import kafkajs from 'kafkajs';
import { startKafka, type TestServer } from '../../../../tools/stack/src/index.js';
import { KafkaFromOutside } from '../testing/kafka-admin.js';
import { aKafkaLog, type KafkaHarness } from '../testing/kafka-harness.js';

const FOREVER = { ms: 0, bytes: 0 };

let kafka: TestServer;
let outside: KafkaFromOutside;
let harness: KafkaHarness;

beforeAll(async () => {
  kafka = await startKafka();
  outside = await KafkaFromOutside.of(kafka.url);
  harness = await aKafkaLog(kafka.url, { timeoutMs: 10_000 });
}, 180_000);

afterAll(async () => {
  await harness?.dispose();
  await outside?.close();
  await kafka?.stop('SIGKILL');
}, 60_000);

const lane = (topic: string, ids: readonly string[]) => ({
  topic,
  partition: 0,
  records: ids.map((eventId) => anEvent({ eventId })),
});
const start = (topic: string) => ({ topic, partition: 0, after: BEFORE_FIRST });

describe('what Kafka cannot do is said in our codes', () => {
  it('topic.not_found: a topic that is not there, to every call', async () => {
    const { log } = harness;
    const notFound = { code: 'topic.not_found' };
    await expect(log.append([lane('nowhere', ['1'])])).rejects.toMatchObject(notFound);
    await expect(log.read(start('nowhere'), 1_000)).rejects.toMatchObject(notFound);
    await expect(log.ends('nowhere')).rejects.toMatchObject(notFound);
    await expect(log.seek('nowhere', 0, 0)).rejects.toMatchObject(notFound);
    await expect(log.deleteTopic('nowhere')).rejects.toMatchObject(notFound);
    const follower = new Follower(log, start('nowhere'));
    await until('the end of the tail', () => follower.hasEnded, 30_000);
    expect(follower.code).toBe('topic.not_found');
  }, 60_000);

  it('topic.not_found: the topic of a tail is deleted; its successor is another one', async () => {
    const { log } = harness;
    await log.createTopic('reborn', 1, FOREVER);
    await log.append([lane('reborn', ['old-1', 'old-2', 'old-3'])]);
    const [{ lane: old, last }] = await log.ends('reborn');
    const follower = new Follower(log, start('reborn'));
    await until('the tail', () => follower.eventIds.length === 3);

    await outside.admin.deleteTopics({ topics: [await outside.topicOf(harness.prefix, 'reborn')] });
    await log.createTopic('reborn', 1, FOREVER);
    await until('the end of the tail', () => follower.hasEnded, 30_000);
    expect(['topic.not_found', 'position.lost']).toContain(follower.code);

    await log.append([lane('reborn', ['new-1', 'new-2', 'new-3', 'new-4'])]);
    const [{ lane: born }] = await log.ends('reborn');
    expect(born.epoch).not.toBe(old.epoch);
    const stale = { topic: 'reborn', partition: 0, after: last, epoch: old.epoch };
    await expect(log.read(stale, 1_000)).rejects.toMatchObject({ code: 'position.lost' });
    const anew = new Follower(log, start('reborn'));
    await until('all of the new one', () => anew.eventIds.length >= 4);
    await anew.stop();
    expect(anew.eventIds).toEqual(['new-1', 'new-2', 'new-3', 'new-4']);
  }, 60_000);

  it('position.lost: what the reader wants has expired', async () => {
    const { log } = harness;
    await log.createTopic('expiring', 1, FOREVER);
    const [{ first }] = await log.append([lane('expiring', ['1', '2', '3', '4', '5'])]);
    const topic = await outside.topicOf(harness.prefix, 'expiring');
    await outside.admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '3' }] });
    const expired = { topic: 'expiring', partition: 0, after: first };
    await expect(log.read(expired, 1_000)).rejects.toMatchObject({ code: 'position.lost' });
    const follower = new Follower(log, expired);
    await until('the end of the tail', () => follower.hasEnded, 30_000);
    expect(follower.code).toBe('position.lost');

    const [{ beforeFirst }] = await log.ends('expiring');
    const rest = new Follower(log, { topic: 'expiring', partition: 0, after: beforeFirst });
    await until('the rest', () => rest.eventIds.length === 2);
    await rest.stop();
    expect(rest.eventIds).toEqual(['4', '5']);
  }, 60_000);

  it('position.lost: what a tail is about to read expires under it', async () => {
    const { log } = harness;
    await log.createTopic('overtaken', 1, FOREVER);
    const big = (from: number) => events(20, `big-${from}`, { value: { text: 'x'.repeat(20_000) } });
    for (let from = 0; from < 10; from++) await log.append([{ topic: 'overtaken', partition: 0, records: big(from) }]);
    const abort = new AbortController();
    const reading = log
      .tail(start('overtaken'), { signal: abort.signal, maxBatchBytes: 1_000 })
      [Symbol.asyncIterator]();
    await reading.next();
    const topic = await outside.topicOf(harness.prefix, 'overtaken');
    await outside.admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '199' }] });
    const toTheEnd = async () => {
      while (!(await reading.next()).done);
    };
    await expect(toTheEnd()).rejects.toMatchObject({ code: 'position.lost' });
    abort.abort();
  }, 60_000);

  it('payload.too_large: an event beyond what the topic takes; those that wait behind it are not harmed', async () => {
    const { log } = harness;
    await log.createTopic('narrow', 1, FOREVER);
    const name = await outside.topicOf(harness.prefix, 'narrow');
    await outside.admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name,
          configEntries: [{ name: 'max.message.bytes', value: '2000' }],
        },
      ],
    });
    const large = [anEvent({ eventId: 'large', value: { text: 'x'.repeat(5_000) } })];
    const outcomes = await Promise.allSettled([
      log.append([lane('narrow', ['before'])]),
      log.append([{ topic: 'narrow', partition: 0, records: large }]),
      log.append([lane('narrow', ['after'])]),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((outcomes[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'payload.too_large' });
    const follower = new Follower(log, start('narrow'));
    await until('what is there', () => follower.eventIds.length >= 2);
    await follower.stop();
    expect(follower.eventIds).toEqual(['before', 'after']);
  }, 60_000);

  it('nothing: a quota of the broker slows writers down, and everything is there in its order', async () => {
    const { log } = harness;
    await log.createTopic('throttled', 1, FOREVER);
    await outside.limitProducer('throttled-client', 20_000);
    const throttled = await harness.another({ clientId: 'throttled-client', timeoutMs: 60_000 });
    const text = 'x'.repeat(15_000);
    const ids = Array.from({ length: 24 }, (_, n) => `slow-${String(n).padStart(2, '0')}`);
    const startMs = performance.now();
    for (let from = 0; from < ids.length; from += 4) {
      const append = (eventId: string) =>
        throttled.append([{ topic: 'throttled', partition: 0, records: [anEvent({ eventId, value: { text } })] }]);
      await Promise.all(ids.slice(from, from + 4).map(append));
    }
    // 360 KB, of which the window of 10 s lets 200 KB pass at once.
    expect(performance.now() - startMs).toBeGreaterThan(2_000);
    const follower = new Follower(log, start('throttled'));
    await until('what was acknowledged', () => follower.eventIds.length >= ids.length, 20_000);
    await follower.stop();
    expect(follower.eventIds).toEqual(ids);
  }, 120_000);
});
