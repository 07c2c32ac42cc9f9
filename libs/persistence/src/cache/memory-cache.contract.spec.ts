import { describeCacheContract, FakeClock } from '@distributary/distribution-core/testing';
import { MemoryCache } from './memory-cache.js';

describeCacheContract('MemoryCache', async () => {
  const clock = new FakeClock();
  return { cache: new MemoryCache(1_000_000, clock), pass: async (ms) => clock.advance(ms) };
});

describe('a MemoryCache', () => {
  const value = new Uint8Array(1_000);

  it('holds no more bytes than it may, and forgets what was used longest ago', async () => {
    const cache = new MemoryCache(10_000, new FakeClock());
    for (let index = 0; index < 100; index++) {
      await cache.set(`key-${index}`, value, 60_000);
      await cache.get('key-0');
    }
    const { bytes, entries, evictions } = cache.stats();
    expect(bytes).toBeLessThanOrEqual(10_000);
    expect(entries + evictions).toBe(100);
    expect(await cache.get('key-0')).toBeDefined();
    expect(await cache.get('key-1')).toBeUndefined();
  });

  it('does not take what is larger than itself', async () => {
    const cache = new MemoryCache(10_000, new FakeClock());
    await cache.set('small', value, 60_000);
    await cache.set('large', new Uint8Array(20_000), 60_000);
    expect(await cache.get('large')).toBeUndefined();
    expect(await cache.get('small')).toBeDefined();
  });
});
