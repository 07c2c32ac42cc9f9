import type { CursorStore, Ownership } from '../ports/cursor-store.port.js';
import { until } from './until.js';

const at = (partition: number, position: string, epoch = 'e1') => ({ topic: 'alerts', partition, epoch, position });
const TERM_MS = 60_000;

export interface CursorStoreWorld {
  readonly store: CursorStore;
  /** Lets time of the store's clock pass; real clocks just wait. */
  pass(ms: number): Promise<void>;
  /** What deleting the subscription does to its positions and its ownership. */
  forget(subscriptionId: string): Promise<void>;
}

/** What every {@link CursorStore} keeps. `create` gives an empty one. */
export function describeCursorStoreContract(name: string, create: () => Promise<CursorStoreWorld>): void {
  describe(`${name} as a cursor store`, () => {
    let world: CursorStoreWorld;
    let store: CursorStore;
    const acquire = async (owner: string, termMs = TERM_MS): Promise<Ownership> => {
      const ownership = await store.acquire('s', owner, termMs);
      if (ownership === 'taken') throw new Error('taken');
      return ownership;
    };
    beforeEach(async () => {
      world = await create();
      store = world.store;
    });

    it('gives one owner at a time the right, and each a higher generation', async () => {
      const first = await acquire('one');
      expect(await store.acquire('s', 'other', TERM_MS)).toBe('taken');
      await store.release(first);
      const second = await acquire('other');
      expect(second.generation).toBeGreaterThan(first.generation);
      expect(await store.renew(first)).toBe('lost');
      expect(await store.renew(second)).toBe('renewed');
    });

    it('lets the right expire, and lets it be taken by force', async () => {
      const first = await acquire('one', 30);
      const second = await until('the term to end', async () => {
        await world.pass(10);
        const ownership = await store.acquire('s', 'other', TERM_MS);
        return ownership !== 'taken' && ownership;
      });
      expect(await store.store(first, [at(0, '11')])).toBe('stale');
      const third = await store.acquire('s', 'third', TERM_MS, { force: true });
      expect(third).toMatchObject({ generation: second.generation + 1 });
    });

    it('gives exactly one of many the right when they ask at once', async () => {
      const asked = await Promise.all(['a', 'b', 'c', 'd'].map((owner) => store.acquire('s', owner, TERM_MS)));
      expect(asked.filter((outcome) => outcome !== 'taken')).toHaveLength(1);
    });

    it('moves positions forward only, compared as bytes', async () => {
      const mine = await acquire('one');
      expect(await store.store(mine, [at(0, '19'), at(1, '11')])).toBe('stored');
      expect(await store.store(mine, [at(0, '12'), at(1, '1a')])).toBe('stored');
      expect(await store.load('s')).toEqual([at(0, '19'), at(1, '1a')]);
      await store.store(mine, [at(0, '210')]);
      expect(await store.load('s')).toEqual([at(0, '210'), at(1, '1a')]);
    });

    it('keeps nothing of a life of a lane that has ended, and all of the life after it', async () => {
      const mine = await acquire('one');
      await store.store(mine, [at(0, '19'), at(1, '11'), at(2, '15')]);
      await store.store(mine, [at(1, '', 'e2')]);
      expect(await store.store(mine, [at(2, '16')], [at(0, '12'), at(1, '11')])).toBe('stored');
      expect(await store.load('s')).toEqual([at(1, '', 'e2'), at(2, '16')]);
      expect(await store.store(mine, [], [at(2, '16')])).toBe('stored');
      expect(await store.load('s')).toEqual([at(1, '', 'e2')]);
    });

    it('ends nothing for one whose right is over', async () => {
      const first = await acquire('one');
      await store.store(first, [at(0, '19')]);
      await store.acquire('s', 'other', TERM_MS, { force: true });
      expect(await store.store(first, [], [at(0, '19')])).toBe('stale');
      expect(await store.load('s')).toEqual([at(0, '19')]);
    });

    it('keeps what is known above a position, until the position moves or more is known', async () => {
      const mine = await acquire('one');
      const above = { acked: ['1b'], failures: { '1a': 2 } };
      await store.store(mine, [{ ...at(0, '19'), above }, at(1, '11')]);
      expect(await store.loadWithAbove('s')).toEqual([{ ...at(0, '19'), above }, at(1, '11')]);
      expect(await store.load('s')).toEqual([at(0, '19'), at(1, '11')]);
      const more = { acked: ['1b', '1c'], failures: {} };
      await store.store(mine, [{ ...at(0, '19'), above: more }]);
      await store.store(mine, [{ ...at(0, '18'), above }]);
      expect(await store.loadWithAbove('s')).toEqual([{ ...at(0, '19'), above: more }, at(1, '11')]);
      await store.store(mine, [at(0, '1c')]);
      expect(await store.loadWithAbove('s')).toEqual([at(0, '1c'), at(1, '11')]);
      await store.store(mine, [{ ...at(0, '1d'), above }]);
      await store.rewind('s', [at(0, '11')]);
      expect(await store.loadWithAbove('s')).toEqual([at(0, '11'), at(1, '11')]);
    });

    it('replaces a position by one of a new epoch', async () => {
      const mine = await acquire('one');
      await store.store(mine, [at(0, '19')]);
      await store.store(mine, [at(0, '', 'e2')]);
      expect(await store.load('s')).toEqual([at(0, '', 'e2')]);
    });

    it('stores nothing for an owner of an older generation', async () => {
      const first = await acquire('one');
      await store.release(first);
      await acquire('other');
      expect(await store.store(first, [at(0, '11')])).toBe('stale');
      expect(await store.load('s')).toEqual([]);
    });

    it('stores nothing for an owner who gave its right up', async () => {
      const mine = await acquire('one');
      await store.release(mine);
      expect(await store.store(mine, [at(0, '11')])).toBe('stale');
      expect(await store.load('s')).toEqual([]);
    });

    it('takes a lane that is named twice in one call only forward, or as the last one of a rewind', async () => {
      const mine = await acquire('one');
      expect(await store.store(mine, [at(0, '19'), at(0, '12')])).toBe('stored');
      expect(await store.load('s')).toEqual([at(0, '19')]);
      await store.rewind('s', [at(0, '11'), at(0, '10')]);
      expect(await store.load('s')).toEqual([at(0, '10')]);
    });

    it('gives an owner from before the subscription was forgotten no right over its successor', async () => {
      const before = await acquire('one');
      await world.forget('s');
      expect(await store.load('s')).toEqual([]);
      const after = await acquire('other');
      expect(await store.renew(before)).toBe('lost');
      expect(await store.store(before, [at(0, '19')])).toBe('stale');
      await store.release(before);
      expect(await store.store(after, [at(0, '11')])).toBe('stored');
      expect(await store.load('s')).toEqual([at(0, '11')]);
    });

    it('survives owners that store while they are rewound', async () => {
      for (let round = 0; round < 10; round++) {
        const mine = await acquire('one');
        await Promise.all(
          [1, 2, 3, 4].flatMap((n) => [
            store.store(mine, [at(0, `2${n}`), at(1, `2${n}`)]),
            store.rewind('s', [at(1, '11'), at(0, '11')]),
          ]),
        );
        expect(await store.load('s')).toEqual([at(0, '11'), at(1, '11')]);
      }
    });

    it('rewinds, and ends the owner who would go on from elsewhere', async () => {
      const mine = await acquire('one');
      await store.store(mine, [at(0, '19')]);
      await store.rewind('s', [at(0, '11')]);
      expect(await store.load('s')).toEqual([at(0, '11')]);
      expect(await store.store(mine, [at(0, '1b')])).toBe('stale');
      expect(await store.renew(mine)).toBe('lost');
    });

    it('places positions of lanes whoever owns it, and leaves owner and other lanes as they are', async () => {
      const ownership = await store.acquire('placed', 'me', 60_000);
      if (ownership === 'taken') throw new Error('taken');
      const lane = (topic: string, position: string) => ({ topic, partition: 0, epoch: 'e', position });
      await store.store(ownership, [lane('a', '15'), lane('b', '15')]);
      await store.place('placed', [lane('b', '11'), lane('c', '12')]);
      expect(await store.load('placed')).toEqual([lane('a', '15'), lane('b', '11'), lane('c', '12')]);
      expect(await store.renew(ownership)).toBe('renewed');
      await store.place('unowned', [lane('a', '11')]);
      expect(await store.load('unowned')).toEqual([lane('a', '11')]);
    });

    it('tells who owns it, in which generation, and when a position was stored', async () => {
      expect(await store.standing('looked at')).toEqual({
        ownerId: undefined,
        termLeftMs: undefined,
        generation: 0,
        storedAtMicros: undefined,
      });
      const ownership = await store.acquire('looked at', 'me', 60_000);
      if (ownership === 'taken') throw new Error('taken');
      await store.store(ownership, [{ topic: 'a', partition: 0, epoch: 'e', position: '15' }]);
      expect(await store.standing('looked at')).toEqual({
        ownerId: 'me',
        termLeftMs: expect.any(Number),
        generation: ownership.generation,
        storedAtMicros: expect.any(Number),
      });
      const { termLeftMs = 0 } = await store.standing('looked at');
      expect(termLeftMs > 30_000 && termLeftMs <= 60_000).toBe(true);
      await store.release(ownership);
      expect(await store.standing('looked at')).toMatchObject({
        ownerId: undefined,
        termLeftMs: undefined,
        generation: ownership.generation,
      });
    });

    it('keeps subscriptions apart', async () => {
      const mine = await acquire('one');
      await store.store(mine, [at(0, '19')]);
      expect(await store.load('t')).toEqual([]);
      expect(await store.acquire('t', 'other', TERM_MS)).not.toBe('taken');
    });
  });
}
