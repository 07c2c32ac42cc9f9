import { type PublishPlan, serviceScript } from '@distributary/bench';
import type { BrokerKind } from './broker.js';

/** The first one on a new Pulsar makes all topics there, by its admin API: how long that takes is not judged. */
export const READY_WITHIN_MS = 180_000;

/** One event as the ledger counts it. */
export interface NumberedEvent {
  readonly eventId: string;
  readonly key: string;
  /** Within its key, from 0 without a hole. */
  readonly sequence: number;
}

/** Events of so many keys, and what a reader of all of them subscribes to. */
export interface StampedFlow extends Required<Pick<PublishPlan, 'kind' | 'topics' | 'keys'>> {
  readonly pattern: string;
}

/** A service of this workspace whose promises are played through. */
export interface TestedService {
  readonly app: 'monitoring' | 'market-data';
  /** Of its REST API and its stream. */
  readonly apiPath: string;
  /** That it makes itself, with several lanes; each event counts. */
  readonly topic: string;
  readonly dataType: StampedFlow['kind'];
  /** Besides what every service is given. `folder` is of the run, and all processes see it. */
  env(folder: string): Readonly<Record<string, string>>;
  /** As a producer sends it. Events of a key share a lane. */
  eventOf(event: NumberedEvent, topic: string): object;
  /** What its readers are measured with: events that the bench numbers and stamps, of a kind that may be conflated. */
  readonly stamped: StampedFlow;
  /** What Redis helps to answer: below `apiPath`. It may be 404 until there are events. */
  readonly cachedRead: string;
  /** As others write it to the broker, past the service, which hands it on as it is: its id is its own. */
  payloadOf(event: NumberedEvent): object;
}

export const ingestPath = ({ apiPath }: TestedService): string => `${apiPath}/events`;

export const streamPath = ({ apiPath }: TestedService): string => `${apiPath}/stream`;

export const streamUrl = (service: TestedService, port: number): string =>
  `ws://127.0.0.1:${port}${streamPath(service)}`;

/** In this workspace, or in that of another version. */
export const scriptOf = ({ app }: TestedService, workspace?: string): string => serviceScript(app, workspace);

export const MONITORING: TestedService = {
  app: 'monitoring',
  apiPath: '/api/v1/monitoring',
  topic: 'monitoring/metrics',
  dataType: 'METRICS',
  env: () => ({}),
  eventOf: ({ eventId, key, sequence }, topic) => ({
    event_id: eventId,
    data_type: 'METRICS',
    data: { metric_name: key, current_value: sequence },
    routing: { topic, routing_key: key },
    metadata: { source_service: 'integrity' },
  }),
  stamped: { kind: 'METRICS', topics: ['monitoring/metrics'], keys: 16, pattern: 'monitoring/metrics' },
  cachedRead: '/metrics/integrity/latest',
  payloadOf: ({ eventId }) => ({ event_id: eventId, text: 'x'.repeat(200) }),
};

const tradeOf = ({ key, sequence }: NumberedEvent) => ({
  symbol: key,
  exchange: 'XNAS',
  currency: 'USD',
  sequence,
  price: (10_000 + (sequence % 1_000)) / 100,
  volume: sequence + 1,
});

/** A key is a symbol, whose trades are numbered. */
export const MARKET_DATA: TestedService = {
  app: 'market-data',
  apiPath: '/api/v1/market-data',
  topic: 'market-data/normalized/equities',
  dataType: 'TRADE',
  env: (folder) => ({ ARCHIVE_DIR: `${folder}/archive` }),
  eventOf: ({ eventId, ...event }, topic) => ({
    event_id: eventId,
    data_type: 'TRADE',
    data: tradeOf({ eventId, ...event }),
    routing: { topic },
    metadata: { source: 'integrity' },
  }),
  // Each symbol is a topic of the bench.
  stamped: {
    kind: 'QUOTE',
    topics: Array.from({ length: 16 }, (_, index) => `SLOW${index}`),
    keys: 1,
    pattern: 'market-data/quotes/equities',
  },
  cachedRead: `/topics/${encodeURIComponent('market-data/normalized/equities')}/stats`,
  payloadOf: (event) => ({ event_id: event.eventId, ...tradeOf(event), text: 'x'.repeat(200) }),
};

/** What is played on a broker: the service that is made for it. */
export const testedOn = (broker: BrokerKind): TestedService => (broker === 'pulsar' ? MARKET_DATA : MONITORING);
