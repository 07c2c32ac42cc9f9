import { positionAt, positionOf } from '../records/message-position.js';
import { laneStats } from '../topics/lane-stats.js';
import type { PulsarTopic } from '../topics/pulsar-topic.js';
import { LaneFinder } from './lane-place.js';

const topic: PulsarTopic = {
  name: 'theirs',
  partitions: 1,
  epoch: 'e1',
  retention: { ms: 0, bytes: 0 },
  firstLedgers: [],
  isOurs: false,
};
const stats = laneStats(
  { topic: 'theirs', partition: 0, epoch: 'e1' },
  {
    numberOfEntries: 4,
    totalSize: 1_000,
    currentLedgerEntries: 4,
    lastConfirmedEntry: '5:3',
    ledgers: [{ ledgerId: 5, entries: 0 }],
  },
  undefined,
);
const finder = new LaneFinder(
  {
    topic: () => Promise.resolve(topic),
    find: () => Promise.resolve(topic),
    hasSeenEnd: () => false,
  },
  { of: () => Promise.resolve(stats) },
);
const openAt = (after: string) => finder.open({ topic: 'theirs', partition: 0, after });
const packed = (entry: number, batchIndex: number) => positionOf({ ledger: 5, entry, batchIndex });

describe('the place of a reader', () => {
  it.each([positionAt(5, 2), packed(2, 4), positionAt(5, 3), packed(3, 0), packed(3, 4)])(
    'is there up to the last entry, whichever of its messages it is at: %s',
    async (after) => {
      const place = await openAt(after);
      expect(place.after).toBe(after);
      await expect(finder.again(place)).resolves.toBeUndefined();
    },
  );

  it.each([positionAt(5, 4), packed(4, 0), positionAt(6, 0)])('is lost behind the last entry: %s', async (after) => {
    await expect(openAt(after)).rejects.toMatchObject({ code: 'position.lost' });
  });
});
