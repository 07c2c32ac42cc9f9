import { positionAt } from '../records/message-position.js';
import { isTransient } from '../pulsar.errors.js';
import { refusing } from '../testing/refusing-web.js';
import { laneStats, LaneStatsFinder } from './lane-stats.js';
import { PulsarNames } from './pulsar-names.js';

const lane = { topic: 'orders', partition: 0, epoch: 'e1' };
const stats = (ledgers: readonly (readonly [number, number])[], current: number, last: string) => ({
  numberOfEntries: ledgers.reduce((sum, [, entries]) => sum + entries, current),
  totalSize: 1_000,
  currentLedgerEntries: current,
  lastConfirmedEntry: last,
  ledgers: ledgers.map(([ledgerId, entries]) => ({ ledgerId, entries })),
});

describe('the ends of a lane', () => {
  it('are one, as long as it has nothing but what it begins with', () => {
    expect(laneStats(lane, stats([[5, 0]], 1, '5:0'), 5)).toMatchObject({
      beforeFirst: positionAt(5, 0),
      last: positionAt(5, 0),
      events: 0,
      bytes: 0,
      isWhole: true,
    });
  });

  it('do not count what it begins with', () => {
    expect(laneStats(lane, stats([[5, 0]], 4, '5:3'), 5)).toMatchObject({
      beforeFirst: positionAt(5, 0),
      last: positionAt(5, 3),
      events: 3,
      bytes: 1_000,
    });
  });

  it('begin with the first ledger that is left when something has expired', () => {
    const ends = laneStats(lane, stats([[7, 0], [8, 3], [9, 0]], 2, '9:1'), 5); // prettier-ignore
    expect(ends).toMatchObject({
      beforeFirst: positionAt(8, -1),
      last: positionAt(9, 1),
      events: 5,
      isWhole: false,
    });
    expect(ends.ledgers.map(({ entries }) => entries)).toEqual([0, 3, 2]);
  });

  it('are one again when everything has expired', () => {
    expect(laneStats(lane, stats([[9, 0]], 0, '8:41'), 5)).toMatchObject({
      beforeFirst: positionAt(8, 41),
      last: positionAt(8, 41),
      events: 0,
    });
  });
});

it('a lane that is being made, of which the broker has not heard yet, is worth another look', async () => {
  const error: unknown = await refusing(404, (web) =>
    new LaneStatsFinder(web, new PulsarNames('public', 'space'))
      .beginning('orders', 0)
      .catch((reason: unknown) => reason),
  );
  expect(error).toMatchObject({ code: 'broker.unavailable' });
  expect(isTransient(error)).toBe(true);
});
