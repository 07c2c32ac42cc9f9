import { positionAt, positionOf } from '../records/message-position.js';
import { laneStats, type LaneStats } from '../topics/lane-stats.js';
import type { PulsarTopic } from '../topics/pulsar-topic.js';
import { ORDERS } from '../testing/orders-topic.js';
import { LaneFinder } from './lane-place.js';

const topic: PulsarTopic = {
  name: 'theirs',
  partitions: 1,
  epoch: 'e1',
  retention: { ms: 0, bytes: 0 },
  firstLedgers: [],
  isOurs: false,
};
const ends = laneStats(
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
const finderOf = (known: PulsarTopic, stats: LaneStats) =>
  new LaneFinder(
    {
      topic: () => Promise.resolve(known),
      find: () => Promise.resolve(known),
      hasSeenEnd: () => false,
    },
    { of: () => Promise.resolve(stats) },
  );
const finder = finderOf(topic, ends);
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

describe('a step from one ledger to the next', () => {
  const step = (known: PulsarTopic, kept: readonly (readonly [ledger: number, entries: number])[]) => {
    const lane = { topic: known.name, partition: 0, epoch: known.epoch };
    const ledgers = kept.map(([ledgerId, entries]) => ({ ledgerId, entries }));
    const last = { numberOfEntries: 9, totalSize: 1_000, currentLedgerEntries: 5, lastConfirmedEntry: '6:4' };
    const stats = laneStats(lane, { ...last, ledgers }, undefined);
    return (from: string, to: string) =>
      finderOf(known, stats)
        .checkStep({ topic: known, lane, after: from }, from, to)
        .then(
          () => 'taken',
          (error: unknown) => (error as { code: string }).code,
        );
  };
  const both = [[5, 4], [6, 0]] as const; // prettier-ignore

  it('is taken over what readers of topics of others are not given, as markers and the pieces of a message', async () => {
    const theirs = step(topic, both);
    expect(await theirs(positionAt(5, 3), positionAt(6, 0))).toBe('taken');
    expect(await theirs(positionAt(5, 2), positionAt(6, 0))).toBe('taken');
    expect(await theirs(positionAt(5, 3), positionAt(6, 2))).toBe('taken');
  });

  it('is lost where retention has taken what may have lain between', async () => {
    expect(await step(topic, [[6, 0]])(positionAt(5, 2), positionAt(6, 0))).toBe('position.lost');
  });

  it('leaves out nothing of a topic of ours', async () => {
    const ours = step(ORDERS, both);
    expect(await ours(positionAt(5, 3), positionAt(6, 0))).toBe('taken');
    expect(await ours(positionAt(5, 2), positionAt(6, 0))).toBe('position.lost');
    expect(await ours(positionAt(5, 3), positionAt(6, 2))).toBe('position.lost');
  });
});
