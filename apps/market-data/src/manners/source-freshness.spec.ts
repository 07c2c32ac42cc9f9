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
      (source, silentMs) => told.push(`${source} stale ${silentMs}`),
      (source, silentMs) => told.push(`${source} fresh ${silentMs}`),
      LIMITS,
      () => forgotten++,
    );
  });

  it('is stale once it was silent for long enough, and fresh when it is heard again', () => {
    sources.heard('itch', 0);
    sources.check(29_999);
    expect(told).toEqual([]);
    sources.check(30_000);
    sources.check(40_000);
    expect(sources.staleSources).toBe(1);
    sources.heard('itch', 45_000);
    sources.heard('itch', 46_000);
    expect(told).toEqual(['itch stale 30000', 'itch fresh 45000']);
    expect(sources.staleSources).toBe(0);
    sources.check(76_000);
    expect(told).toHaveLength(3);
  });

  it('that speaks is not stale, whatever others do', () => {
    sources.heard('a', 0);
    sources.heard('b', 0);
    sources.heard('b', 29_000);
    sources.check(31_000);
    expect(told).toEqual(['a stale 31000']);
  });

  it('is forgotten when there are too many, the most silent one first', () => {
    sources.heard('a', 0);
    sources.heard('b', 1);
    sources.heard('c', 2);
    expect(forgotten).toBe(1);
    sources.check(60_000);
    expect(told.sort()).toEqual(['b stale 59999', 'c stale 59998']);
  });
});
