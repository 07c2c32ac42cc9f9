import { ASSET_CLASSES } from '@distributary/contracts';
import { parseRetentionPolicy, topicNameProblem } from '@distributary/distribution-core';
import {
  assetClassOfTopic,
  defaultSlowPolicy,
  defaultTopicOf,
  isStateTopic,
  marketDataTopics,
} from './default-topics.js';

describe("the service's own topics", () => {
  const topics = marketDataTopics();

  it('are one for trades, quotes and bars of each class, and those of the service', () => {
    expect(topics.map(({ name }) => name).filter((name) => name.endsWith('/crypto'))).toEqual([
      'market-data/normalized/crypto',
      'market-data/quotes/crypto',
      'market-data/bars/crypto',
    ]);
    expect(topics).toHaveLength(3 * ASSET_CLASSES.length + 3);
    expect(topics.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['market-data/status', 'market-data/distributed', 'market-data/dead-letters']),
    );
  });

  it('could all have been created by anybody', () => {
    for (const { name, retentionPolicy } of topics) {
      expect(topicNameProblem(name, name)).toBeUndefined();
      expect(() => parseRetentionPolicy(retentionPolicy)).not.toThrow();
    }
    expect(new Set(marketDataTopics('acme').map(({ brokerName }) => brokerName.split('.')[0]))).toEqual(
      new Set(['acme']),
    );
  });

  it('conflate quotes, and nothing else', () => {
    const conflated = topics.filter(({ conflationKey }) => conflationKey !== 'none');
    expect(conflated.every(({ name }) => name.startsWith('market-data/quotes/'))).toBe(true);
    expect(conflated).toHaveLength(ASSET_CLASSES.length);
    expect(conflated.every(({ name }) => isStateTopic(name))).toBe(true);
    expect(isStateTopic('market-data/normalized/crypto')).toBe(false);
    expect(isStateTopic('of somebody else')).toBe(false);
    expect(['TRADE', 'QUOTE', 'BAR', 'STATUS', 'other'].map(defaultSlowPolicy)).toEqual([
      'block',
      'conflate',
      'block',
      'block',
      'block',
    ]);
  });

  it('are where events go that name none', () => {
    const names = new Set(topics.map(({ name }) => name));
    for (const assetClass of ASSET_CLASSES) {
      for (const type of ['TRADE', 'QUOTE', 'BAR'] as const) {
        const topic = defaultTopicOf(type, assetClass);
        expect(names).toContain(topic);
        expect(assetClassOfTopic(topic)).toBe(assetClass);
      }
    }
    expect(defaultTopicOf('STATUS', 'crypto')).toBe('market-data/status');
    expect(assetClassOfTopic('market-data/status')).toBeUndefined();
  });
});
