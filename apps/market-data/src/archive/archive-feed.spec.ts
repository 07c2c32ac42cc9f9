import { marketDataTopics } from '../events/default-topics.js';
import { archivedTopics } from './archive-feed.js';

const archived = (options: { readonly quotes: boolean }, tenant?: string) =>
  marketDataTopics(tenant)
    .filter(archivedTopics(options))
    .map(({ dataType }) => dataType);

describe('the archive', () => {
  it('keeps trades and bars of every tenant, and quotes where it is to', () => {
    expect([...new Set(archived({ quotes: false }))]).toEqual(['TRADE', 'BAR']);
    expect([...new Set(archived({ quotes: true }))]).toEqual(['TRADE', 'QUOTE', 'BAR']);
    expect(archived({ quotes: true }, 'acme')).toEqual(archived({ quotes: true }));
  });

  it('keeps nothing of topics that others write', () => {
    const external = { name: 'market-data/normalized/equities', origin: 'external' } as const;
    expect(archivedTopics({ quotes: true })(external)).toBe(false);
  });
});
