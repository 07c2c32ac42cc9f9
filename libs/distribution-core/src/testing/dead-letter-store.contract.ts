import type { DeadLetterStore, NewDeadLetter } from '../ports/dead-letter-store.port.js';

const idOf = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const lane = (position: string, topic = 'alerts') => ({ topic, partition: 0, epoch: 'e1', position });

const aLetter = (number: number, more: Partial<NewDeadLetter> = {}): NewDeadLetter => ({
  deadLetterId: idOf(number),
  tenant: 'default',
  subscriptionId: 'billing',
  at: lane(`1${number}`),
  eventId: `event-${number}`,
  routingKey: 'a.b',
  reason: 'nacked',
  fault: 'receiver',
  attempts: 3,
  firstFailureMicros: 1_000 * number,
  lastFailureMicros: 1_000 * number + 10,
  buriedMicros: 1_000 * number + 20,
  letter: lane(`1${number}`, 'dead-letters'),
  ...more,
});

/** What every {@link DeadLetterStore} keeps. `create` gives an empty one. */
export function describeDeadLetterStoreContract(name: string, create: () => Promise<DeadLetterStore>): void {
  describe(`${name} as an index of dead letters`, () => {
    let store: DeadLetterStore;
    const ours = { tenant: 'default' };
    const idsOf = (letters: readonly { deadLetterId: string }[]) => letters.map(({ deadLetterId }) => deadLetterId);
    beforeEach(async () => {
      store = await create();
    });

    it('lists letters as they were buried, oldest first, page by page', async () => {
      for (const number of [2, 1, 3]) await store.bury(aLetter(number));
      const first = await store.list(ours, 2);
      expect(first[0]).toEqual({
        ...aLetter(1),
        status: 'dead',
        replayTarget: undefined,
        replays: 0,
        changedMicros: 1_010,
      });
      expect(idsOf(first)).toEqual([idOf(1), idOf(2)]);
      expect(idsOf(await store.list(ours, 2, first[1]))).toEqual([idOf(3)]);
    });

    it('takes a letter whose event has a NUL in its id or key, as keys of bytes do', async () => {
      await store.bury(aLetter(1, { eventId: 'a\0b', routingKey: '\0k' }));
      const [found] = await store.list(ours, 2);
      expect(found).toMatchObject({ deadLetterId: idOf(1), at: aLetter(1).at, letter: aLetter(1).letter });
      expect([found.eventId.replace('\0', '\ufffd'), found.routingKey.replace('\0', '\ufffd')]).toEqual([
        'a\ufffdb',
        '\ufffdk',
      ]);
    });

    it('selects by everything that is named, within the tenant', async () => {
      await store.bury(aLetter(1));
      await store.bury(aLetter(2, { subscriptionId: 'other', reason: 'ack_timeout' }));
      await store.bury(aLetter(3, { at: lane('11', 'metrics'), fault: 'service', reason: 'delivery_failed' }));
      await store.bury(aLetter(4, { tenant: 'acme', at: lane('14', '@acme/alerts') }));
      const list = async (filter: object) => idsOf(await store.list({ ...ours, ...filter }, 10));
      expect(await list({ subscriptionId: 'other' })).toEqual([idOf(2)]);
      expect(await list({ topic: 'metrics' })).toEqual([idOf(3)]);
      expect(await list({ reason: 'nacked' })).toEqual([idOf(1)]);
      expect(await list({ fault: 'service' })).toEqual([idOf(3)]);
      expect(await list({ fromMicros: 2_020, toMicros: 3_020 })).toEqual([idOf(2)]);
      expect(await list({ ids: [idOf(1), idOf(4)] })).toEqual([idOf(1)]);
      expect(await list({ status: 'replayed' })).toEqual([]);
      expect(await list({ tenant: 'acme' })).toEqual([idOf(4)]);
    });

    it('knows one letter of a place, which is dead again when it is buried again', async () => {
      await store.bury(aLetter(1));
      await store.bury(aLetter(9, { at: lane('11'), attempts: 4 }));
      expect(await store.list(ours, 10)).toMatchObject([{ deadLetterId: idOf(1), attempts: 4, status: 'dead' }]);
      await store.settle([idOf(1)], ['dead'], 'discarded', 5_000);
      await store.bury(aLetter(9, { at: lane('11'), attempts: 2, reason: 'ack_timeout' }));
      expect(await store.list(ours, 10)).toMatchObject([
        { deadLetterId: idOf(1), attempts: 6, status: 'dead', reason: 'ack_timeout', eventId: 'event-1' },
      ]);
    });

    it('begins a replay once, and finds it again while it is not over', async () => {
      for (const number of [1, 2, 3]) await store.bury(aLetter(number));
      const begun = await store.beginReplay(ours, 'subscription', 2, 9_000);
      expect(begun).toMatchObject([
        { deadLetterId: idOf(1), status: 'replaying', replays: 1, replayTarget: 'subscription' },
        { deadLetterId: idOf(2), status: 'replaying', replays: 1, changedMicros: 9_000 },
      ]);
      expect(await store.beginReplay({ ...ours, ids: [idOf(1)] }, 'subscription', 2, 9_500)).toMatchObject([
        { deadLetterId: idOf(1), replays: 1, changedMicros: 9_000 },
      ]);
      expect(await store.beginReplay({ ...ours, ids: [idOf(1)] }, 'topic', 2, 9_500)).toEqual([]);
      expect(idsOf(await store.inReplay('billing', 10))).toEqual([idOf(1), idOf(2)]);
      expect(await store.subscriptionsInReplay()).toEqual(['billing']);
      expect(await store.settle([idOf(1), idOf(3)], ['replaying'], 'replayed', 9_900)).toBe(1);
      expect(await store.beginReplay({ ...ours, ids: [idOf(1)] }, 'subscription', 2, 9_950)).toEqual([]);
      expect(idsOf(await store.inReplay('billing', 10))).toEqual([idOf(2)]);
    });

    it('does not send to the subscription what is on its way to the topic', async () => {
      await store.bury(aLetter(1));
      await store.beginReplay(ours, 'topic', 10, 9_000);
      expect(await store.inReplay('billing', 10)).toEqual([]);
      expect(await store.subscriptionsInReplay()).toEqual([]);
    });

    it('takes a letter back whose replay failed', async () => {
      await store.bury(aLetter(1));
      await store.beginReplay(ours, 'subscription', 10, 9_000);
      const failure = { reason: 'ack_timeout', attempts: 5, atMicros: 9_500 } as const;
      await store.failedAgain('other', lane('11', 'dead-letters'), failure);
      expect(await store.inReplay('billing', 10)).toHaveLength(1);
      await store.failedAgain('billing', lane('11', 'dead-letters'), failure);
      expect(await store.list(ours, 10)).toMatchObject([
        { status: 'dead', attempts: 8, reason: 'ack_timeout', lastFailureMicros: 9_500, replays: 1 },
      ]);
    });

    it('counts the dead by tenant, and forgets the old', async () => {
      await store.bury(aLetter(1));
      await store.bury(aLetter(2));
      await store.bury(aLetter(3, { tenant: 'acme' }));
      await store.settle([idOf(2)], ['dead'], 'discarded', 5_000);
      const counts = [...(await store.countDead())].sort((one, other) => one.tenant.localeCompare(other.tenant));
      expect(counts).toEqual([
        { tenant: 'acme', count: 1 },
        { tenant: 'default', count: 1 },
      ]);
      expect(await store.countDead(2_020)).toEqual([{ tenant: 'acme', count: 1 }]);
      expect(await store.prune(2_020)).toBe(1);
      expect(idsOf(await store.list(ours, 10))).toEqual([idOf(2)]);
    });
  });
}
