import type { Cache } from '../ports/cache.port.js';
import { until } from './until.js';

export interface CacheWorld {
  readonly cache: Cache;
  /** Lets time of the cache's clock pass; real clocks just wait. */
  pass(ms: number): Promise<void>;
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

/** What every {@link Cache} keeps. `create` gives an empty one. */
export function describeCacheContract(name: string, create: () => Promise<CacheWorld>): void {
  describe(`${name} as a cache`, () => {
    let world: CacheWorld;
    let cache: Cache;
    const textOf = async (key: string) => {
      const value = await cache.get(key);
      return value === undefined ? undefined : Buffer.from(value).toString('latin1');
    };
    beforeEach(async () => {
      world = await create();
      cache = world.cache;
    });
    afterEach(() => cache.close());

    it('gives back what it was given, byte by byte', async () => {
      const all = Uint8Array.from({ length: 256 }, (_, index) => index);
      await cache.set('a', all, 60_000);
      expect(Buffer.from((await cache.get('a')) as Uint8Array).equals(Buffer.from(all))).toBe(true);
      await cache.set('empty', new Uint8Array(0), 60_000);
      expect(await textOf('empty')).toBe('');
    });

    it('does not have what it was not given', async () => {
      await cache.set('a', bytes('1'), 60_000);
      expect(await cache.get('b')).toBeUndefined();
      expect(await cache.get('a ')).toBeUndefined();
    });

    it('gives the latest value of a key', async () => {
      await cache.set('a', bytes('1'), 60_000);
      await cache.set('a', bytes('2'), 60_000);
      expect(await textOf('a')).toBe('2');
    });

    it('gives nothing after its time to live, and a new value its own time', async () => {
      await cache.set('short', bytes('1'), 40);
      await cache.set('long', bytes('1'), 60_000);
      await cache.set('renewed', bytes('1'), 40);
      await cache.set('renewed', bytes('2'), 60_000);
      await until('the end of the short one', async () => {
        await world.pass(10);
        return (await cache.get('short')) === undefined;
      });
      expect([await textOf('long'), await textOf('renewed')]).toEqual(['1', '2']);
    });

    it('does not give what was deleted', async () => {
      expect(await cache.set('a', bytes('1'), 60_000)).toBe(true);
      expect(await cache.delete('a')).toBe(true);
      expect(await cache.delete('never there')).toBe(true);
      expect(await cache.get('a')).toBeUndefined();
      await cache.set('a', bytes('2'), 60_000);
      expect(await textOf('a')).toBe('2');
    });

    it('takes any text for a key', async () => {
      const keys = ['', ' ', 'a:b', 'ä\n€', 'x'.repeat(1_000), '*'];
      for (const [index, key] of keys.entries()) await cache.set(key, bytes(String(index)), 60_000);
      expect(await Promise.all(keys.map(textOf))).toEqual(keys.map((_, index) => String(index)));
    });

    it('keeps its values whatever happens to the bytes that it was given', async () => {
      const mine = Buffer.from('mine');
      await cache.set('a', mine, 60_000);
      mine.fill(0);
      expect(await textOf('a')).toBe('mine');
    });

    it('counts what it had and what it had not', async () => {
      await cache.set('a', bytes('1'), 60_000);
      await cache.get('a');
      await cache.get('a');
      await cache.get('b');
      expect(cache.stats()).toMatchObject({ hits: 2, misses: 1, isAvailable: true });
    });

    it('has nothing when it is closed, and does not fail', async () => {
      await cache.set('a', bytes('1'), 60_000);
      await cache.close();
      expect(await cache.set('b', bytes('1'), 60_000)).toBe(false);
      await cache.delete('a');
      expect([await cache.get('a'), await cache.get('b')]).toEqual([undefined, undefined]);
    });
  });
}
