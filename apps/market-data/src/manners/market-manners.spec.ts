import type { MarketDataEventInput } from '@distributary/contracts';
import { invalidRequest, qualifyTopic } from '@distributary/distribution-core';
import { FakeClock } from '@distributary/distribution-core/testing';
import { parseMarketDataEvents } from '../events/market-data-event.js';
import { countedMetrics } from '../testing/counted-metrics.js';
import { aQuote, aTrade, batchOf } from '../testing/published-events.js';
import { MarketManners } from './market-manners.js';

const TOPIC = 'market-data/normalized/equities';

class World {
  readonly clock = new FakeClock();
  readonly published: MarketDataEventInput[] = [];
  /** Whose topics they were published to. */
  readonly tenants: string[] = [];
  readonly counted = countedMetrics();
  failure: Error | undefined;
  /** Into whose topics nothing can be published now. */
  readonly away = new Set<string>();
  /** What the ingest never takes. */
  refuses: (event: MarketDataEventInput) => boolean = () => false;
  readonly manners = new MarketManners({
    clock: this.clock,
    metrics: this.counted.metrics,
    publish: (events, tenant) => {
      if (this.away.has(tenant)) return Promise.reject(new Error(`${tenant} is over its quota`));
      if (this.failure !== undefined) return Promise.reject(this.failure);
      if (events.some(this.refuses)) return Promise.reject(invalidRequest([{ path: 'events[0]', rule: 'must fit' }]));
      // As ingest would: what it refuses fails the test.
      parseMarketDataEvents(events);
      this.published.push(...events);
      this.tenants.push(...events.map(() => tenant));
      return Promise.resolve();
    },
  });

  see(...events: MarketDataEventInput[]): void {
    this.manners.apply(batchOf(this.clock, ...events), TOPIC);
  }

  seeOf(tenant: string, ...events: MarketDataEventInput[]): void {
    this.manners.apply(batchOf(this.clock, ...events), qualifyTopic(tenant, TOPIC));
  }

  async after(ms: number): Promise<readonly object[]> {
    this.clock.advance(ms);
    await this.manners.check();
    return this.published.splice(0).map(({ data }) => data);
  }
}

const of = (sequence: number, metadata: { source: string; channel?: string } = { source: 'itch', channel: 'a' }) =>
  aTrade({ sequence }, { metadata });

describe('how sources behave', () => {
  it('is told: numbers of a channel that never came', async () => {
    const world = new World();
    world.see(of(1), of(2), of(7));
    expect(await world.after(0)).toEqual([]);
    expect(await world.after(1_000)).toEqual([
      {
        status: 'sequence_gap',
        source: 'itch',
        channel: 'a',
        timestamp: '2025-06-15T15:06:41.000Z',
        first_missing: 3,
        last_missing: 6,
        detail: '4 events of itch never came',
      },
    ]);
    expect(world.counted.counts()).toEqual({ sequence_gaps_total: 1, sequence_missing_total: 4 });
  });

  it('is told of a symbol where the source has no channels, whatever the types', async () => {
    const world = new World();
    const source = { source: 'b' };
    world.see(of(1, source), of(3, source));
    world.see(aQuote({ sequence: 4 }, { metadata: source }));
    world.see(aQuote({ sequence: 1, symbol: 'MSFT' }, { metadata: source }));
    expect(await world.after(1_000)).toMatchObject([
      { status: 'sequence_gap', source: 'b', symbol: 'AAPL', exchange: 'NASDAQ', first_missing: 2, last_missing: 2 },
    ]);
  });

  it('is told with the asset class of the symbol', async () => {
    const world = new World();
    const coin = (sequence: number) =>
      aTrade({ sequence, symbol: 'BTC/USD', asset_class: 'crypto' }, { metadata: { source: 'b' } });
    world.see(coin(1), coin(3));
    world.see(coin(5_000), coin(1));
    const told = await world.after(1_000);
    expect(told.map((each) => 'status' in each && each.status)).toEqual([
      'sequence_gap',
      'sequence_gap',
      'sequence_reset',
    ]);
    for (const each of told) expect(each).toMatchObject({ symbol: 'BTC/USD', asset_class: 'crypto' });
  });

  it('is told: a count that begins anew', async () => {
    const world = new World();
    world.see(of(5_000), of(1), of(2));
    expect(await world.after(0)).toMatchObject([{ status: 'sequence_reset', source: 'itch', channel: 'a' }]);
    expect(world.counted.counts()).toEqual({ sequence_resets_total: 1 });
  });

  it('is told: a silence, and its end', async () => {
    const world = new World();
    world.see(of(1));
    expect(await world.after(30_000)).toMatchObject([
      {
        status: 'stale',
        source: 'itch',
        last_event_at: '2025-06-15T15:06:40.000Z',
        detail: 'itch has been silent for 30 s',
      },
    ]);
    expect(world.counted.counts()).toEqual({ stale_sources: 1 });
    world.see(of(2));
    expect(await world.after(0)).toMatchObject([
      { status: 'fresh', source: 'itch', detail: 'itch was silent for 30 s' },
    ]);
    expect(world.counted.counts()).toEqual({});
  });

  it('is not told of those who name no source, of itself, and of what is not ours', async () => {
    const world = new World();
    world.see(aTrade({ sequence: 1 }), aTrade({ sequence: 9 }));
    world.see({ data_type: 'STATUS', data: { status: 'stale', source: 'itch', sequence: 1 } });
    world.see(of(1, { source: 'market-data-distribution' }));
    expect(await world.after(60_000)).toEqual([]);
  });

  it('is told again when it could not be published, and only so much is kept', async () => {
    const world = new World();
    const many = Array.from({ length: 1_001 }, (_, at) => at * 2 + 1);
    for (let at = 0; at < many.length; at += 100) world.see(...many.slice(at, at + 100).map((each) => of(each)));
    world.see(of(3_000), of(3_002), of(3_004));
    world.failure = new Error('the broker is away');
    await expect(world.after(1_000)).rejects.toThrow('away');
    expect(world.manners.pending).toBe(1_000);
    expect(world.counted.counts()).toMatchObject({ sequence_gaps_total: 1_003, market_status_dropped_total: 3 });
    world.failure = undefined;
    expect(await world.after(1_000)).toHaveLength(1_000);
    expect(world.manners.pending).toBe(0);
  });

  it('is told but for what is refused for what it is', async () => {
    const world = new World();
    world.see(of(1), of(3), of(1, { source: 'bad' }), of(3, { source: 'bad' }), of(5), of(7));
    world.refuses = ({ data }) => 'source' in data && data.source === 'bad';
    expect(await world.after(1_000)).toEqual([
      expect.objectContaining({ source: 'itch', first_missing: 2 }),
      expect.objectContaining({ source: 'itch', first_missing: 4 }),
      expect.objectContaining({ source: 'itch', first_missing: 6 }),
    ]);
    expect(world.manners.pending).toBe(0);
    expect(world.counted.counts()).toMatchObject({ market_status_dropped_total: 1 });
  });

  it('is told to each tenant of its own sources, whatever they are called elsewhere', async () => {
    const world = new World();
    world.see(of(1), of(2));
    world.seeOf('acme', of(5_000), of(5_002));
    world.see(of(3));
    expect(await world.after(1_000)).toMatchObject([{ status: 'sequence_gap', source: 'itch', first_missing: 5_001 }]);
    expect(world.tenants.splice(0)).toEqual(['acme']);
    world.seeOf('acme', of(5_003));
    expect(await world.after(29_000)).toMatchObject([{ status: 'stale', source: 'itch' }]);
    expect(world.tenants.splice(0)).toEqual(['default']);
    world.seeOf('acme', of(1));
    expect(await world.after(0)).toMatchObject([{ status: 'sequence_reset', source: 'itch' }]);
    expect(world.tenants).toEqual(['acme']);
  });

  it('is told to the others where one tenant cannot be told now, who waits for it', async () => {
    const world = new World();
    for (const tenant of ['acme', 'default', 'other']) world.seeOf(tenant, of(1), of(3));
    world.away.add('acme');
    await expect(world.after(1_000)).rejects.toThrow('over its quota');
    expect(world.tenants.splice(0)).toEqual(['default', 'other']);
    expect(world.manners.pending).toBe(1);
    world.away.clear();
    await world.after(0);
    expect(world.tenants).toEqual(['acme']);
    expect(world.manners.pending).toBe(0);
  });

  it('has one id for one thing, however often it is told, and however long the names are', async () => {
    const ids: (string | undefined)[] = [];
    for (let time = 0; time < 2; time++) {
      const world = new World();
      world.see(
        of(1, { source: 's'.repeat(100), channel: 'c'.repeat(100) }),
        of(3, { source: 's'.repeat(100), channel: 'c'.repeat(100) }),
      );
      world.clock.advance(1_000);
      await world.manners.check();
      ids.push(world.published[0].event_id);
    }
    expect(ids[0]).toBe(ids[1]);
    expect(ids[0]).toMatch(/^gap:[0-9a-f]{64}$/);
  });
});
