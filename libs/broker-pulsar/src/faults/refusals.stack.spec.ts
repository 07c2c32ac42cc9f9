import { BEFORE_FIRST } from '@distributary/distribution-core';
import { anEvent, events, Follower, until } from '@distributary/distribution-core/testing';
import { startPulsar } from '../../../../tools/stack/src/index.js';
import { openPulsar } from '../open-pulsar.js';
import { entryOf } from '../records/message-position.js';
import { ids, systemClock } from '../testing/pulsar-harness.js';
import { aPulsarOfItsOwn } from '../testing/pulsar-suite.js';

const FOREVER = { ms: 0, bytes: 0 };

const suite = aPulsarOfItsOwn(startPulsar, { timeoutMs: 20_000, requestTimeoutMs: 3_000 });

const lane = (topic: string, ids: readonly string[]) => ({
  topic,
  partition: 0,
  records: ids.map((eventId) => anEvent({ eventId })),
});
const start = (topic: string) => ({ topic, partition: 0, after: BEFORE_FIRST });

describe('what Pulsar cannot do is said in our codes', () => {
  it('topic.not_found: the topic is deleted by somebody else, under a writer and a tail', async () => {
    const { log } = suite.harness;
    await log.createTopic('reborn', 1, FOREVER);
    await log.append([lane('reborn', ['old-1', 'old-2'])]);
    const [{ lane: old, last }] = await log.ends('reborn');
    const follower = new Follower(log, start('reborn'));
    await until('the tail', () => follower.eventIds.length === 2);

    await suite.outside.deleteTopic('reborn');
    await until('the end of the tail', () => follower.hasEnded, 30_000);
    expect(follower.code).toBe('topic.not_found');
    await expect(log.append([lane('reborn', ['late'])])).rejects.toMatchObject({ code: 'topic.not_found' });

    await log.createTopic('reborn', 1, FOREVER);
    await log.append([lane('reborn', ['new-1', 'new-2'])]);
    const stale = { topic: 'reborn', partition: 0, after: last, epoch: old.epoch };
    await expect(log.read(stale, 1_000)).rejects.toMatchObject({ code: 'position.lost' });
    const anew = new Follower(log, start('reborn'));
    await until('all of the new one', () => anew.eventIds.length >= 2);
    await anew.stop();
    expect(anew.eventIds).toEqual(['new-1', 'new-2']);
  }, 60_000);

  it('position.lost: what the reader wants has expired', async () => {
    const { log } = suite.harness;
    await log.createTopic('expiring', 1, FOREVER);
    const [{ first }] = await log.append([lane('expiring', ['1', '2', '3'])]);
    await suite.outside.expire('expiring', 0, () => log.append([lane('expiring', ['4', '5'])]));
    for (const after of [first, BEFORE_FIRST]) {
      const expired = { topic: 'expiring', partition: 0, after };
      await expect(log.read(expired, 1_000)).rejects.toMatchObject({ code: 'position.lost' });
      const follower = new Follower(log, expired);
      await until('the end of the tail', () => follower.hasEnded, 30_000);
      expect(follower.code).toBe('position.lost');
    }
    const [{ beforeFirst, events: count }] = await log.ends('expiring');
    expect(count).toBe(2);
    const rest = new Follower(log, { topic: 'expiring', partition: 0, after: beforeFirst });
    await until('the rest', () => rest.eventIds.length === 2);
    await rest.stop();
    expect(rest.eventIds).toEqual(['4', '5']);
  }, 60_000);

  it('position.lost: what a tail is about to read expires under it', async () => {
    const { log } = suite.harness;
    await log.createTopic('overtaken', 1, FOREVER);
    const big = (round: number) => events(50, `big-${round}`, { value: { text: 'x'.repeat(20_000) } });
    const append = (round: number) => log.append([{ topic: 'overtaken', partition: 0, records: big(round) }]);
    for (let round = 0; round < 20; round++) await append(round);
    const abort = new AbortController();
    const reading = log
      .tail(start('overtaken'), { signal: abort.signal, maxBatchBytes: 1_000 })
      [Symbol.asyncIterator]();
    await reading.next();
    await suite.outside.expire('overtaken', 0, () => append(20));
    const toTheEnd = async () => {
      while (!(await reading.next()).done);
    };
    await expect(toTheEnd()).rejects.toMatchObject({ code: 'position.lost' });
    abort.abort();
  }, 60_000);

  it('nothing: a tail goes on from one ledger to the next when nothing has expired', async () => {
    const { log } = suite.harness;
    await log.createTopic('rolled', 1, FOREVER);
    const follower = new Follower(log, start('rolled'));
    for (let round = 1; round <= 3; round++) {
      await log.append([lane('rolled', [`${round}-1`, `${round}-2`])]);
      await suite.outside.unload('rolled', 0);
    }
    await log.append([lane('rolled', ['4-1'])]);
    await until('everything', () => follower.eventIds.length >= 7, 30_000);
    await follower.stop();
    expect(follower.error).toBeUndefined();
    expect(follower.eventIds).toEqual(['1-1', '1-2', '2-1', '2-2', '3-1', '3-2', '4-1']);
  }, 60_000);

  it('payload.too_large: an event beyond what Pulsar takes; those that wait around it are not harmed', async () => {
    const generous = await suite.harness.another({ maxRecordBytes: 32 * 1024 ** 2 });
    await generous.createTopic('narrow', 1, FOREVER);
    // Pulsar's own limit is 5 MiB, that of a frame here 8 MiB.
    for (const bytes of [5.5, 9]) {
      const large = [anEvent({ eventId: 'large', value: { text: randomText(bytes * 1024 ** 2) } })];
      const outcomes = await Promise.allSettled([
        generous.append([lane('narrow', [`before ${bytes}`])]),
        generous.append([{ topic: 'narrow', partition: 0, records: large }]),
        generous.append([lane('narrow', [`after ${bytes}`])]),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect((outcomes[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'payload.too_large' });
    }
    const follower = new Follower(generous, start('narrow'));
    await until('what is there', () => follower.eventIds.length >= 4);
    await follower.stop();
    expect(follower.eventIds).toEqual(['before 5.5', 'after 5.5', 'before 9', 'after 9']);
  }, 120_000);

  it('broker.unavailable, to who asks whether it is ready: Pulsar was told to keep less than a topic promises', async () => {
    const { namespace, another } = suite.harness;
    const { log, check, close } = await openPulsar({ url: suite.pulsar.url, namespace, clock: systemClock, ids });
    await log.createTopic('promised', 1, { ms: 3_600_000, bytes: 0 });
    await check();
    await suite.outside.keepFor('promised', 30);
    // Another process: this one has just seen it to be kept.
    const fresh = await another();
    const failure = () => fresh.check().then(() => undefined, String);
    await until(
      'it to be named',
      async () => (await failure())?.includes('shorter than they promise: promised') ?? false,
    );
    await log.setRetention('promised', { ms: 1_800_000, bytes: 0 });
    await until('it to be kept', async () => (await failure()) === undefined);

    expect(await suite.outside.policyOf('promised', 'messageTTL')).toBe('0');
    await suite.outside.giveFor('promised', 60);
    const strict = await another();
    await until('its time to live to be named', () =>
      strict.check().then(
        () => false,
        (error: unknown) => String(error).endsWith('shorter than they promise: promised'),
      ),
    );
    await close();
    await expect(check()).rejects.toMatchObject({ code: 'broker.unavailable' });
  }, 60_000);

  it('nothing: the positions of a group stay where nobody uses topics, also of one that was deleted and made again', async () => {
    const { log } = suite.harness;
    const { lanes } = await log.createTopic('committed', 2, FOREVER);
    const positions = lanes.map((each) => ({ ...each, position: BEFORE_FIRST }));
    const topic = `distributary-group.${Buffer.from('readers').toString('base64url')}`;
    const stays = async () =>
      (await suite.outside.policyOf(topic, 'inactiveTopicPolicies')).includes('"deleteWhileInactive":false');
    for (let round = 0; round < 2; round++) {
      await log.commit({ group: 'readers', positions });
      await until('the policy', stays);
      expect(await log.committed('readers')).toHaveLength(2);
      await log.deleteGroup('readers');
      expect(await stays()).toBe(false);
    }
  }, 60_000);

  it('nothing: records of others are read as they are', async () => {
    const { log } = suite.harness;
    await suite.outside.createTopic('foreign', 1);
    await suite.outside.send(
      'foreign',
      0,
      { key: 'AAPL', payload: '{"price":1}' },
      { payload: '7' },
      { payload: 'plain' },
    );
    const follower = new Follower(log, start('foreign'));
    await until('all of them', () => follower.eventIds.length === 3);
    await follower.stop();
    const [batch] = await log.read(start('foreign'), 10_000);
    expect([0, 1, 2].map((index) => batch.valueAt(index).toString())).toEqual([
      '{"price":1}',
      '{"data":7}',
      `{"data_base64":"${Buffer.from('plain').toString('base64')}"}`,
    ]);
    expect(batch.routingKeyAt(0)).toBe('AAPL');
    expect((await log.listTopics()).map(({ name }) => name)).not.toContain('foreign');
  }, 60_000);

  it('nothing: records of others are packed into one entry, the last of the lane', async () => {
    const { log } = suite.harness;
    await suite.outside.createTopic('packed', 1);
    await suite.outside.sendPacked('packed', 0, ...['0', '1', '2', '3', '4'].map((payload) => ({ payload })));
    const [whole] = await log.read(start('packed'), 10_000);
    const positions = [0, 1, 2, 3, 4].map((index) => whole.positions.at(index));
    expect(new Set(positions.map(entryOf)).size).toBe(1);
    const readAfter = async (index: number) =>
      (await log.read({ topic: 'packed', partition: 0, after: positions[index] }, 10_000)).map(({ count }) => count);
    expect(await readAfter(0)).toEqual([4]);
    expect(await readAfter(3)).toEqual([1]);
    expect(await readAfter(4)).toEqual([]);

    const follower = new Follower(log, { topic: 'packed', partition: 0, after: positions[1] });
    await until('the rest', () => follower.eventIds.length >= 3);
    await suite.outside.unload('packed', 0);
    await suite.outside.send('packed', 0, { payload: '5' });
    await until('what came then', () => follower.hasEnded || follower.eventIds.length >= 4, 30_000);
    await follower.stop();
    expect(follower.error).toBeUndefined();
    expect(follower.eventIds).toHaveLength(4);
  }, 60_000);
});

/** LZ4 makes nothing smaller of it. */
const randomText = (length: number): string =>
  Array.from({ length: Math.ceil(length / 11) }, () => Math.random().toString(36).slice(2, 13).padEnd(11, 'x')).join(
    '',
  );
