import { KAFKA } from '../kafka.errors.js';
import { FakeCluster, fakeParts } from '../testing/fake-cluster.js';
import { GroupPositions } from './group-positions.js';
import { KafkaNames } from './topic-names.js';

const at = (partition: number, position: string) => ({ topic: 'orders', partition, epoch: 'epoch', position });
const fetched = (offset: bigint, errorCode = 0) => ({
  groups: [
    {
      errorCode: 0,
      topics: [
        {
          name: 'dev.orders',
          partitions: [{ partitionIndex: 0, committedOffset: offset, metadata: 'epoch', errorCode }],
        },
        { name: 'foreign', partitions: [{ partitionIndex: 0, committedOffset: 5n, metadata: null, errorCode: 0 }] },
      ],
    },
  ],
});

function positions(fake: FakeCluster) {
  return new GroupPositions(fake.cluster, new KafkaNames('dev.'), fakeParts(fake).retrying, 300);
}
const aCluster = () => new FakeCluster().withTopic('dev.orders', 2);

describe('positions of a group', () => {
  it('are its offsets with our epoch, of our topics only', async () => {
    expect(await positions(aCluster().on('fetch offsets', fetched(6n))).committed('router')).toEqual([at(0, '15')]);
    expect(await positions(aCluster().on('fetch offsets', fetched(0n))).committed('router')).toEqual([at(0, '')]);
    expect(await positions(aCluster().on('fetch offsets', fetched(-1n))).committed('router')).toEqual([]);
  });

  it('are waited for while a transaction moves them', async () => {
    const unstable = fetched(1n, KAFKA.unstableOffsetCommit);
    const fake = aCluster().on('fetch offsets', unstable, fetched(-1n), fetched(3n), fetched(6n));
    const found = positions(fake);
    found.expect({ group: 'router', positions: [at(0, '15')] });
    expect(await found.committed('router')).toEqual([at(0, '15')]);
  });

  it('are committed, unless the topic is gone or the group belongs to others', async () => {
    const answer = (errorCode: number) => ({ topics: [{ name: 'dev.orders', partitions: [{ errorCode }] }] });
    const commit = { group: 'router', positions: [at(0, '15')] };
    await positions(aCluster().on('commit offsets', answer(0))).commit(commit);
    await positions(aCluster()).commit({ group: 'router', positions: [] });
    const stale = positions(aCluster().on('commit offsets', answer(KAFKA.unknownMember))).commit(commit);
    await expect(stale).rejects.toMatchObject({ code: 'generation.stale' });
    const gone = positions(new FakeCluster()).commit(commit);
    await expect(gone).rejects.toMatchObject({ code: 'topic.not_found' });
    const beyond = positions(aCluster()).commit({ group: 'router', positions: [at(9, '15')] });
    await expect(beyond).rejects.toMatchObject({ code: 'topic.not_found' });
  });

  it('are gone with their group, which need not have been there', async () => {
    const answer = (errorCode: number) => ({ results: [{ errorCode }] });
    await positions(aCluster().on('delete group', answer(0))).delete('router');
    await positions(aCluster().on('delete group', answer(KAFKA.groupNotFound))).delete('router');
    const refused = positions(aCluster().on('delete group', answer(68))).delete('router');
    await expect(refused).rejects.toMatchObject({ code: 'broker.unavailable' });
  });
});
