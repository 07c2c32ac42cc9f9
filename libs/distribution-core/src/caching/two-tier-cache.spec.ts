import { FakeClock } from '../testing/fake-clock.js';
import { describeCacheContract } from '../testing/cache.contract.js';
import { InMemoryCache, InMemoryInvalidations } from '../testing/in-memory-cache.js';
import { TwoTierCache } from './two-tier-cache.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const NEAR_TTL_MS = 1_000;
const textOf = async (cache: TwoTierCache) => Buffer.from((await cache.get('a')) ?? []).toString();

function processes(count: number) {
  const clock = new FakeClock();
  const far = new InMemoryCache(clock);
  const bus = new InMemoryInvalidations();
  const members = Array.from({ length: count }, () => {
    const near = new InMemoryCache(clock);
    return { near, cache: new TwoTierCache({ near, far, invalidations: bus.join(), nearTtlMs: NEAR_TTL_MS }) };
  });
  return { clock, far, members };
}

describeCacheContract('InMemoryCache', async () => {
  const clock = new FakeClock();
  return { cache: new InMemoryCache(clock), pass: async (ms) => clock.advance(ms) };
});
describeCacheContract('TwoTierCache', async () => {
  const { clock, members } = processes(1);
  return { cache: members[0].cache, pass: async (ms) => clock.advance(ms) };
});

describe('a cache of two tiers', () => {
  it('gives one process what another one found', async () => {
    const { members, far } = processes(2);
    await members[0].cache.set('a', bytes('1'), 60_000);
    expect(await textOf(members[1].cache)).toBe('1');
    far.isAway = true;
    expect(await textOf(members[1].cache)).toBe('1');
  });

  it('forgets in every process what one deleted', async () => {
    const { members } = processes(2);
    await members[0].cache.set('a', bytes('1'), 60_000);
    await members[1].cache.get('a');
    await members[0].cache.delete('a');
    expect(await members[1].cache.get('a')).toBeUndefined();
  });

  it('keeps nothing near for longer than it may, so that a lost hint does little harm', async () => {
    const { clock, members, far } = processes(1);
    await members[0].cache.set('a', bytes('1'), 60_000);
    await far.set('a', bytes('2'), 60_000);
    expect(await textOf(members[0].cache)).toBe('1');
    clock.advance(NEAR_TTL_MS);
    expect(await textOf(members[0].cache)).toBe('2');
  });

  it('does not put near what was deleted while it was fetched', async () => {
    const { members } = processes(2);
    await members[0].cache.set('a', bytes('1'), 60_000);
    const fetching = members[1].cache.get('a');
    void members[0].cache.delete('a');
    await fetching;
    await members[0].cache.delete('a');
    expect(await members[1].near.get('a')).toBeUndefined();
  });

  it('works without the far one, and says so', async () => {
    const { members, far } = processes(1);
    far.isAway = true;
    await members[0].cache.set('a', bytes('1'), 60_000);
    expect(await textOf(members[0].cache)).toBe('1');
    expect(members[0].cache.stats().isAvailable).toBe(false);
  });
});
