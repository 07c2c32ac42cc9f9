import { events } from '@distributary/distribution-core/testing';
import { FakeCluster } from '../testing/fake-cluster.js';
import { eventBatch, marker } from '../testing/record-sets.js';
import { Fetcher } from './fetcher.js';
import { LaneEndFinder } from './lane-ends.js';
import { LaneOffsets } from './lane-offsets.js';
import { PendingVisibility } from './pending-visibility.js';

const OFFSETS = 'find offsets of orders#0';
const place = {
  lane: { topic: 'orders', partition: 0, epoch: 'AAECAwQFBgcICQoLDA0ODw' },
  offset: 0,
  leader: 1,
  leaderEpoch: 0,
};
const TRANSACTIONAL = { producerId: 7, producerEpoch: 0, sequence: 0, isTransactional: true };
const aborted = [{ producerId: 7, firstOffset: 2 }];

const offset = (at: bigint) => ({ topics: [{ partitions: [{ errorCode: 0, offset: at }] }] });
const answer = (records: Buffer, named: object[] = []) => ({ errorCode: 0, lanes: [{ records, aborted: named }] });

function finding(first: bigint, end: bigint, ...answers: object[]) {
  const fake = new FakeCluster()
    .on(OFFSETS, offset(first), offset(end), offset(first), offset(end))
    .on('fetch', ...answers);
  const offsets = new LaneOffsets(fake.cluster, (topic) => topic);
  return { fake, finder: new LaneEndFinder(offsets, new Fetcher(fake.cluster)) };
}

describe('the end of a lane', () => {
  it('is that of the newest event', async () => {
    const { fake, finder } = finding(0n, 3n, answer(eventBatch(0, events(3))));
    expect(await finder.ends(place, 100)).toEqual({
      lane: place.lane,
      beforeFirst: '',
      last: '12',
      events: 3,
      bytes: 100,
    });
    await finder.ends(place, 100);
    // The second time it was known.
    expect(fake.asked.filter((name) => name === 'fetch')).toHaveLength(1);
  });

  it('is not that of a marker, nor of what was aborted before it', async () => {
    const { finder } = finding(
      0n,
      5n,
      answer(marker(4, 7, 'abort'), aborted),
      answer(Buffer.concat([eventBatch(2, events(2), TRANSACTIONAL), marker(4, 7, 'abort')]), aborted),
      answer(eventBatch(0, events(2))),
    );
    expect((await finder.ends(place, 1)).last).toBe('11');
  });

  it('is its begin when there is nothing to see', async () => {
    expect(await finding(7n, 7n).finder.ends(place, 9)).toMatchObject({
      beforeFirst: '16',
      last: '16',
      events: 0,
      bytes: 0,
    });
    const nothing = [{ producerId: 7, firstOffset: 0 }];
    const { finder } = finding(
      0n,
      2n,
      answer(marker(1, 7, 'abort'), nothing),
      answer(eventBatch(0, events(1), TRANSACTIONAL), nothing),
    );
    expect((await finder.ends(place, 9)).last).toBe('');
  });
});

describe('what this process has committed', () => {
  it('is waited for until it was seen', () => {
    const pending = new PendingVisibility();
    const { lane } = place;
    expect(pending.isBehind(lane, 0)).toBe(false);
    pending.committed([{ lane, first: '13', last: '15' }]);
    pending.committed([{ lane, first: '11', last: '12' }]);
    expect([pending.isBehind(lane, 5), pending.isBehind(lane, 6)]).toEqual([true, false]);
    pending.seen(lane);
    expect(pending.isBehind(lane, 0)).toBe(false);
  });
});
