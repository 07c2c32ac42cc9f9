import { DOORS, type Doors } from '../doors.js';
import { GRPC_CASES } from '../grpc/grpc-cases.js';
import { idleCase } from '../idle/idle-case.js';
import { ingestJson, ingestNdjson } from '../ingest/ingest-cases.js';
import { STREAM_PATH } from '../monitoring-service.js';
import { tailEmbeddedCase } from '../tail/tail-embedded-case.js';
import { tailKafkaCase } from '../tail/tail-kafka-case.js';
import { besideTwin, fanOutCase, type Load } from './fan-out-case.js';
import { gatewaysCase } from './gateways-case.js';
import { isolationCase } from './isolation-case.js';
import { overloadCase } from './overload-case.js';
import type { PerformanceCase } from './performance-case.js';
import { replayCase } from './replay-case.js';

const SUBSCRIBERS = 1000;
const BATCH = 100;
const oneTopic: Load = { subscribers: SUBSCRIBERS, topics: 1, batchEvents: BATCH, producers: 1, doors: DOORS.service };
const hundredTopics: Load = { ...oneTopic, topics: 100, producers: 16 };
const singles: Load = { ...oneTopic, batchEvents: 1, producers: 16 };
const gathered: Load = { ...hundredTopics, batchEvents: undefined, producers: 2, lingerMs: 20 };

const KEYS_OF_EACH = 16;
/** No two subscribers have the same filter; ten of them want the same sixteen keys. */
const FILTERED: Doors = {
  ...DOORS.service,
  streamPath: (topic, subscriber) => {
    const keys = Array.from({ length: KEYS_OF_EACH }, (_, key) => `b.k${(subscriber % 100) + 100 * key}`);
    const query = { patterns: topic, keys: keys.join(','), filter: `data.current_value > -${subscriber + 1}` };
    return `${STREAM_PATH}?${new URLSearchParams({ ...query, slow_policy: 'block' }).toString()}`;
  },
};

const DURABLE: Doors = {
  ...DOORS.service,
  // Of one service: without it each would be a service of its own, and no two would share a feed.
  streamPath: (topic, subscriber) =>
    `${DOORS.service.streamPath(topic, subscriber)}&delivery_guarantee=at_least_once&subscriber_service=bench`,
  acknowledgeEveryMs: 1000,
};

const TLS: Doors = { ...DOORS.service, connection: { isTls: true } };
const DEFLATED: Doors = { ...DOORS.service, connection: { isDeflated: true } };

/** The cases of docs/performance.md, in the order of its table. */
export const CASES: readonly PerformanceCase[] = [
  fanOutCase({
    name: 'one-topic',
    title: '1 topic × 1,000 subscribers, POSTs of 100 events',
    load: oneTopic,
    steps: [1_000_000, 2_000_000, 3_000_000, 4_000_000, 5_500_000, 7_500_000],
    latencyAt: 1_000_000,
    peer: besideTwin(oneTopic),
    goals: { perCpuSecond: 6_000_000, timesPeer: 40, p99Ms: 20 },
  }),
  fanOutCase({
    name: 'one-topic-singles',
    title: '1 topic × 1,000 subscribers, an event a POST',
    load: singles,
    steps: [500_000, 1_000_000, 1_500_000, 2_000_000, 3_000_000],
    goals: { perCpuSecond: 1_000_000 },
  }),
  fanOutCase({
    name: 'durable',
    title:
      '1,000 durable subscriptions, at least once, each acknowledged once a second, 2,000,000 deliveries/s for a minute',
    load: { ...oneTopic, doors: DURABLE },
    steps: [2_000_000],
    seconds: 60,
    pairs: 1,
    goals: { p99Ms: 20 },
  }),
  fanOutCase({
    name: 'hundred-topics',
    title: '100 topics × 10 subscribers, POSTs of 100 events',
    load: hundredTopics,
    steps: [250_000, 500_000, 750_000, 1_000_000, 1_400_000, 2_000_000, 2_800_000],
    peer: besideTwin(hundredTopics),
    goals: { perCpuSecond: 1_800_000 },
  }),
  replayCase,
  fanOutCase({
    name: 'unbatched',
    title: '1 topic × 1,000 subscribers, 100,000 deliveries/s, an event a POST: nothing to batch',
    load: singles,
    steps: [100_000],
    peer: besideTwin(singles, 100_000),
    goals: { timesPeer: 1.2, p99TimesPeer: 1 },
  }),
  fanOutCase({
    name: 'filtered',
    title: '1,000 subscribers, 1,000 different filters, 50,000 deliveries/s, beside as many without filters',
    load: { ...gathered, areKeys: true, doors: FILTERED },
    steps: [50_000],
    peer: { name: 'unfiltered', server: 'service', load: gathered },
    // A delivery costs at most 1.3 times as much.
    goals: { timesPeer: 1 / 1.3, p99Ms: 20 },
  }),
  fanOutCase({
    name: 'tls',
    title: '1 topic × 1,000 subscribers, POSTs of 100 events, TLS',
    load: { ...oneTopic, doors: TLS },
    steps: [250_000, 500_000, 1_000_000, 2_000_000, 3_000_000, 4_000_000],
    goals: {},
  }),
  fanOutCase({
    name: 'deflated',
    title: '1 topic × 1,000 subscribers, POSTs of 100 events, permessage-deflate',
    load: { ...oneTopic, doors: DEFLATED },
    env: { WEBSOCKET_DEFLATE: 'on' },
    steps: [1_000_000, 2_000_000, 4_000_000, 6_000_000, 8_000_000],
    peer: { name: 'without deflate', server: 'service', load: oneTopic, rate: 2_000_000 },
    goals: {},
  }),
  ...GRPC_CASES,
  gatewaysCase,
  tailEmbeddedCase,
  tailKafkaCase,
  ingestJson,
  ingestNdjson,
  isolationCase,
  overloadCase,
  idleCase,
];
