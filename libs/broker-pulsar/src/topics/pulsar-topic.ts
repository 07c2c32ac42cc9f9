import type { LogTopic, Retention } from '@distributary/distribution-core';

/** A partitioned topic as its metadata tell of it. */
export interface PulsarTopic {
  readonly name: string;
  readonly partitions: number;
  readonly epoch: string;
  readonly retention: Retention;
  /** By partition: the ledger that the lane began with. Empty for topics that were not made here. */
  readonly firstLedgers: readonly number[];
  readonly isOurs: boolean;
}

/** Pulsar keeps what it does not know about a topic as its properties. */
export const TOPIC_PROPERTY = {
  epoch: 'distributary.epoch',
  retention: 'distributary.retention',
  /** Written last: without it the topic is not finished, and not there. */
  first: 'distributary.first-ledgers',
} as const;

/** Of topics that others made: Pulsar does not tell one life of theirs from the next. */
export const FOREIGN_EPOCH = 'foreign';

interface Metadata {
  readonly partitions: number;
  readonly properties?: Readonly<Record<string, string>> | null;
}

/** Undefined for a topic without partitions, and for one that is not finished. */
export function topicOf(name: string, answer: unknown): PulsarTopic | undefined {
  const { partitions, properties } = answer as Metadata;
  if (!(partitions > 0)) return undefined;
  const epoch = properties?.[TOPIC_PROPERTY.epoch];
  const foreign = { name, partitions, epoch: FOREIGN_EPOCH, retention: { ms: 0, bytes: 0 }, firstLedgers: [] };
  if (epoch === undefined) return { ...foreign, isOurs: false };
  const first = properties?.[TOPIC_PROPERTY.first];
  if (first === undefined) return undefined;
  const [ms, bytes] = numbers(properties?.[TOPIC_PROPERTY.retention] ?? '0,0');
  return { name, partitions, epoch, retention: { ms, bytes }, firstLedgers: numbers(first), isOurs: true };
}

/** What a topic was begun with, finished or not; no epoch: others made it. Undefined: there is none. */
export function begunTopic(answer: unknown) {
  if (answer === undefined) return undefined;
  const { partitions, properties } = answer as Metadata;
  return {
    partitions,
    epoch: properties?.[TOPIC_PROPERTY.epoch],
    retention: properties?.[TOPIC_PROPERTY.retention],
    isFinished: properties?.[TOPIC_PROPERTY.first] !== undefined,
  };
}

export const retentionText = ({ ms, bytes }: Retention): string => `${ms},${bytes}`;

const numbers = (text: string): number[] => text.split(',').map(Number);

export function logTopic({ name, partitions, epoch, retention }: PulsarTopic): LogTopic {
  const lanes = Array.from({ length: partitions }, (_, partition) => ({ topic: name, partition, epoch }));
  return { name, partitions, retention, lanes };
}

/** Pulsar's default is to remove topics that nobody uses for a minute, once their retention is over. */
export const STAYS = {
  inactiveTopicDeleteMode: 'delete_when_no_subscriptions',
  maxInactiveDurationSeconds: 60,
  deleteWhileInactive: false,
} as const;

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const MIB = 1024 ** 2;
const UNLIMITED = -1;

/** Pulsar counts minutes and MiB: at least what was asked for is kept. Its 0 means "keep nothing". */
export const pulsarRetention = ({ ms, bytes }: Retention) => ({
  retentionTimeInMinutes: ms === 0 ? UNLIMITED : Math.ceil(ms / MINUTE_MS),
  retentionSizeInMB: bytes === 0 ? UNLIMITED : Math.ceil(bytes / MIB),
});

export type PulsarRetention = ReturnType<typeof pulsarRetention>;

/** Whether `kept` keeps at least `wanted`. */
export function isAtLeast(kept: PulsarRetention, wanted: PulsarRetention): boolean {
  const covers = (have: number, want: number) => have === UNLIMITED || (want !== UNLIMITED && have >= want);
  return (
    covers(kept.retentionTimeInMinutes, wanted.retentionTimeInMinutes) &&
    covers(kept.retentionSizeInMB, wanted.retentionSizeInMB)
  );
}

/** As a time to live of messages, in seconds. */
export const NEVER = 0;

/** Whether messages are given to readers for as long as they are kept: Pulsar moves readers, too, past what is older than that. */
export const isReadableFor = (ttlSeconds: number, { ms }: Retention): boolean =>
  ttlSeconds === NEVER || (ms > 0 && ttlSeconds * SECOND_MS >= ms);
