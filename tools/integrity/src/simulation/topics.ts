import type { NewTopic } from '@distributary/distribution-core';

/** Keeps everything. */
export const STABLE_TOPIC = 'stable';
/** Keyed state: may be conflated. */
export const STATE_TOPIC = 'state';
/** Retention passes its readers, and it is deleted and made again. */
export const SHORT_TOPIC = 'short';
/** Others write it; a rule copies it to the next. */
export const EXTERNAL_TOPIC = 'theirs';
export const ROUTED_TOPIC = 'ours';

const aTopic = (name: string, options: Partial<NewTopic> = {}): NewTopic => ({
  name,
  tenant: 'default',
  brokerName: name,
  dataType: 'METRICS',
  partitions: 1,
  retentionPolicy: '7d',
  enabled: true,
  origin: 'ingested',
  priority: 5,
  conflationKey: 'none',
  ...options,
});

export const TOPICS: readonly NewTopic[] = [
  aTopic(STABLE_TOPIC, { partitions: 2 }),
  aTopic(STATE_TOPIC, { conflationKey: 'routing_key', priority: 2 }),
  aTopic(SHORT_TOPIC),
  aTopic(EXTERNAL_TOPIC, { origin: 'external' }),
  aTopic(ROUTED_TOPIC),
];

/** What the broker keeps of a topic unless told otherwise: all. */
export const KEEPS_ALL = { ms: 7 * 24 * 3600 * 1000, bytes: 0 };
