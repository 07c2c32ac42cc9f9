import { noMetrics } from '@distributary/distribution-core';
import { events, until } from '@distributary/distribution-core/testing';
import { connectionLost, KAFKA } from '../kafka.errors.js';
import { KafkaMetrics } from '../kafka-metrics.js';
import { decodeForeign } from '../records/foreign-record.js';
import { FakeCluster, fakeParts } from '../testing/fake-cluster.js';
import { eventBatch, marker } from '../testing/record-sets.js';
import { KafkaNames } from '../topics/topic-names.js';
import type { FetchedLane } from '../wire/fetch-request.js';
import { Fetcher } from './fetcher.js';
import { LaneFinder } from './lane-place.js';
import { LaneOffsets } from './lane-offsets.js';
import { LaneReader } from './lane-reader.js';

const EPOCH = 'AAECAwQFBgcICQoLDA0ODw';
const OFFSETS = 'find offsets of orders#0';
const start = { topic: 'orders', partition: 0, after: '' };
const TRANSACTIONAL = { producerId: 7, producerEpoch: 0, sequence: 0, isTransactional: true };

const aCluster = () => new FakeCluster().withTopic('orders', 1, EPOCH);

/** One lane's part of an answer. */
function lane(records: Buffer, more: Partial<FetchedLane> = {}) {
  const base = { epoch: EPOCH, partition: 0, errorCode: 0, lastStableOffset: 0, logStartOffset: 0, aborted: [] };
  return { errorCode: 0, lanes: [{ ...base, records, ...more }] };
}
const refused = (errorCode: number) => lane(Buffer.alloc(0), { errorCode });
const offsets = (offset: bigint) => ({ topics: [{ partitions: [{ errorCode: 0, offset }] }] });

function reading(fake: FakeCluster) {
  const names = new KafkaNames('');
  return new LaneReader({
    finder: new LaneFinder(fake.cluster, names),
    fetcher: new Fetcher(fake.cluster),
    offsets: new LaneOffsets(fake.cluster, (topic) => topic),
    retrying: fakeParts(fake).retrying,
    metrics: new KafkaMetrics(noMetrics),
    decode: decodeForeign,
    timeoutMs: 300,
  });
}

function following(fake: FakeCluster, after = '') {
  const abort = new AbortController();
  const seen: string[] = [];
  const ended = (async () => {
    for await (const batch of reading(fake).tail({ ...start, after }, 1_000, abort.signal))
      seen.push(...batch.eventIds);
  })();
  ended.catch(() => undefined);
  return { seen, ended, stop: () => abort.abort() };
}

describe('a tail of Kafka', () => {
  it('goes on after brokers that are gone, moved or forgetful', async () => {
    const fake = aCluster().on(
      'fetch',
      connectionLost('fetch', new Error('down')),
      lane(eventBatch(0, events(2, 'a'))),
      refused(KAFKA.notLeader),
      refused(KAFKA.unknownTopicId),
      { errorCode: 8, lanes: [] },
      { errorCode: 0, lanes: [] },
      lane(eventBatch(2, events(1, 'b'))),
      lane(Buffer.alloc(0)),
    );
    const tail = following(fake);
    await until('all', () => tail.seen.length === 3);
    expect(tail.seen).toEqual(['a-1', 'a-2', 'b-1']);
    tail.stop();
    await tail.ended;
  });

  it('passes over what was aborted, and goes on behind it', async () => {
    const aborted = [{ producerId: 7, firstOffset: 0 }];
    const fake = aCluster().on(
      'fetch',
      lane(eventBatch(0, events(2, 'aborted'), TRANSACTIONAL), { aborted }),
      lane(Buffer.concat([marker(2, 7, 'abort'), eventBatch(3, events(1, 'kept'))]), { aborted }),
      lane(Buffer.alloc(0)),
    );
    const tail = following(fake);
    await until('the kept one', () => tail.seen.length > 0);
    expect(tail.seen).toEqual(['kept-1']);
    tail.stop();
    await tail.ended;
  });

  it('ends with topic.not_found when the topic is gone, or another one bears its name', async () => {
    for (const next of ['none', 'another']) {
      const fake = aCluster();
      fake.on('fetch', lane(eventBatch(0, events(1))), () => {
        fake.topics.clear();
        if (next === 'another') fake.withTopic('orders');
        return refused(KAFKA.unknownTopicId);
      });
      await expect(following(fake).ended).rejects.toMatchObject({ code: 'topic.not_found' });
    }
  });

  it('ends with position.lost when retention has passed it, and when the lane ends before it', async () => {
    for (const [first, end] of [
      [12n, 90n],
      [0n, 9n],
    ]) {
      const fake = aCluster().on('fetch', refused(KAFKA.offsetOutOfRange)).on(OFFSETS, offsets(first), offsets(end));
      await expect(following(fake, '1a').ended).rejects.toMatchObject({ code: 'position.lost' });
    }
  });

  it('waits when only the new leader does not know yet how far readers may go', async () => {
    const fake = aCluster()
      .on('fetch', refused(KAFKA.offsetOutOfRange), lane(eventBatch(0, events(1, 'there'))), lane(Buffer.alloc(0)))
      .on(OFFSETS, offsets(0n), offsets(4n));
    const tail = following(fake);
    await until('the event', () => tail.seen.length === 1);
    tail.stop();
    await tail.ended;
  });

  it('gives nothing of an answer that was damaged on its way', async () => {
    const damaged = eventBatch(0, events(2, 'damaged'));
    damaged[damaged.length - 1] ^= 1;
    const fake = aCluster().on('fetch', lane(damaged), lane(eventBatch(0, events(2, 'whole'))), lane(Buffer.alloc(0)));
    const tail = following(fake);
    await until('the whole ones', () => tail.seen.length === 2);
    expect(tail.seen).toEqual(['whole-1', 'whole-2']);
    tail.stop();
    await tail.ended;
  });
});

describe('a read of Kafka', () => {
  it('is not ended by what readers may not see', async () => {
    const aborted = [{ producerId: 7, firstOffset: 0 }];
    const hidden = Buffer.concat([eventBatch(0, events(2), TRANSACTIONAL), marker(2, 7, 'abort')]);
    const fake = aCluster().on('fetch', lane(hidden, { aborted }), lane(eventBatch(3, events(1, 'seen'))));
    const batches = await reading(fake).read(start, 1_000);
    expect(batches.flatMap((batch) => batch.eventIds)).toEqual(['seen-1']);
    expect(await reading(aCluster().on('fetch', lane(Buffer.alloc(0)))).read(start, 1_000)).toEqual([]);
  });

  it('fails in time when nobody answers, and at once for another epoch', async () => {
    const fake = aCluster().on('fetch', connectionLost('fetch', new Error('down')));
    await expect(reading(fake).read(start, 1_000)).rejects.toMatchObject({ code: 'broker.unavailable' });
    await expect(reading(fake).read({ ...start, epoch: 'old' }, 1)).rejects.toMatchObject({ code: 'position.lost' });
    await expect(reading(fake).read({ ...start, partition: 9 }, 1)).rejects.toMatchObject({ code: 'topic.not_found' });
  });
});
