import type { Domain } from '@distributary/distribution-service';
import { openBroker } from './composition/broker.js';
import { createFeatures } from './composition/features.js';
import { type MarketDataConfig, marketDataConfig } from './config/market-data.config.js';
import { DEAD_LETTER_RETENTION, marketDataTopics, SERVICE } from './events/default-topics.js';
import { marketDataEvents } from './events/event-form.js';
import { marketDataAsyncApi } from './stream/async-api-text.js';
import { MARKET_DATA_GRPC } from './stream/grpc-contract.js';
import { marketDataVocabulary } from './stream/market-data-vocabulary.js';
import { MARKET_DATA_SUBSCRIPTIONS } from './subscriptions/market-data-subscription.entity.js';
import { MarketDataTopicEntity } from './topics/market-data-topic.entity.js';

/** Trades, quotes and bars, over Pulsar or the log in files. */
export const marketDataDomain: Domain<MarketDataConfig> & { readonly config: typeof marketDataConfig } = {
  name: SERVICE,
  prefix: `api/v1/${SERVICE}`,
  api: {
    title: 'Distributary market data',
    description: 'Trades, quotes and bars of your feeds: ingest them here, watch them live, ask for the latest.',
  },
  config: marketDataConfig,
  grpc: MARKET_DATA_GRPC,
  vocabulary: marketDataVocabulary,
  events: marketDataEvents,
  topics: {
    initial: marketDataTopics,
    deadLetterRetention: DEAD_LETTER_RETENTION,
  },
  tables: {
    owner: SERVICE,
    topics: MarketDataTopicEntity,
    subscriptions: MARKET_DATA_SUBSCRIPTIONS,
    hasRoutingRules: true,
    sharedSchema: 'market_data_distribution',
  },
  asyncApi: marketDataAsyncApi,
  openBroker,
  createFeatures,
};
