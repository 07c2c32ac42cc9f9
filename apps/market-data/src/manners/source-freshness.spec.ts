import { SourceFreshness } from './source-freshness.js';

const LIMITS = { staleAfterMs: 30_000, maxSources: 2 };

describe('a source', () => {
  let told: string[];
  let forgotten: number;
  let sources: SourceFreshness;
  beforeEach(() => {
    told = [];
    forgotten = 0;
    sources = new SourceFreshness(
      (_tenant, source, silentMs) => told.push(`${source} stale ${silentMs}`),
      (_tenant, source, silentMs) => told.push(`${source} fresh ${silentMs}`),
      LIMITS,
      () => forgotten++,
    );
  });

  it('is stale once it was silent for long enough, and fresh when it is heard again', () => {
    sources.heard('default', 'itch', 0);
    sources.check(29_999);
    expect(told).toEqual([]);
    sources.check(30_000);
    sources.check(40_000);
    expect(sources.staleSources).toBe(1);
    sources.heard('default', 'itch', 45_000);
    sources.heard('default', 'itch', 46_000);
    expect(told).toEqual(['itch stale 30000', 'itch fresh 45000']);
    expect(sources.staleSources).toBe(0);
    sources.check(76_000);
    expect(told).toHaveLength(3);
  });

  it('that speaks is not stale, whatever others do', () => {
    sources.heard('default', 'a', 0);
    sources.heard('default', 'b', 0);
    sources.heard('default', 'b', 29_000);
    sources.check(31_000);
    expect(told).toEqual(['a stale 31000']);
  });

  it('is forgotten when there are too many, the most silent one first', () => {
    sources.heard('default', 'a', 0);
    sources.heard('default', 'b', 1);
    sources.heard('default', 'c', 2);
    expect(forgotten).toBe(1);
    sources.check(60_000);
    expect(told.sort()).toEqual(['b stale 59999', 'c stale 59998']);
  });
});
