import { BEFORE_FIRST, type DistributionError, type TopicDefinition } from '@distributary/distribution-core';
import { anEvent, FakeClock, InMemoryLog, until } from '@distributary/distribution-core/testing';
import { marketDataTopics } from '../events/default-topics.js';
import { ArchiveFeed, archivedTopics } from './archive-feed.js';

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

describe('the feed of the archive', () => {
  it('goes on with all topics but the one that the broker does not have, and with that when it is there again', async () => {
    const clock = new FakeClock();
    const log = new InMemoryLog({ clock, maxInFlightBytes: 1e6, maxRecordBytes: 1e6 });
    const topics = ['gone', 'there'].map((brokerName) => ({ name: brokerName, brokerName, catalogVersion: 1 }));
    const taken = new Set<string>();
    const codes = new Set<string>();
    const create = async (topic: string) => {
      await log.createTopic(topic, 1, { ms: 0, bytes: 0 });
      const records = [anEvent({ attributes: { symbol: 'AAPL', exchange: 'NYSE', data_type: 'TRADE' } })];
      await log.append([{ topic, partition: 0, records }]);
    };
    await create('there');
    const feed = new ArchiveFeed({ version: 1, list: () => topics as unknown as TopicDefinition[] }, () => true, {
      log,
      archive: {
        resumeFrom: () => topics.map(() => ({ topic: '', partition: 0, epoch: '', position: BEFORE_FIRST })),
        append: ({ lane }) => Promise.resolve(void taken.add(lane.topic)),
      },
      clock,
      onError: (error) => codes.add((error as DistributionError).code),
    });
    const passes = (topic: string) =>
      until(topic, () => {
        clock.advance(1_000);
        return taken.has(topic);
      });
    await passes('there');
    expect([...codes]).toEqual(['topic.not_found']);
    await create('gone');
    await passes('gone');
    await feed.stop();
    await log.close();
  });
});
