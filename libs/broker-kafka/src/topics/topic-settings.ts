import type { Retention } from '@distributary/distribution-core';

const MIB = 1024 * 1024;
const DAY_MS = 86_400_000;
/** Kafka removes whole segments, and never the one that is written to: a quarter of what is kept makes a segment. */
const SEGMENTS = 4;
const SEGMENT_BYTES = { least: MIB, most: 1024 * MIB };
const SEGMENT_MS = { least: 10_000, most: 7 * DAY_MS };
/** An event with its key and headers, in a batch of one. */
const BATCH_OVERHEAD_BYTES = MIB;

/**
 * How a topic is known as ours. Kafka has no place for remarks, but this setting means nothing where brokers stamp the
 * records, as they do in our topics: it appears and goes together with the topic.
 */
export const MARK = { name: 'message.timestamp.before.max.ms', value: '4707241969' } as const;

export interface TopicSetting {
  readonly name: string;
  readonly value: string;
}

export function settingsOf(retention: Retention): TopicSetting[] {
  const { ms, bytes } = retention;
  return [
    { name: 'retention.ms', value: String(ms === 0 ? -1 : ms) },
    { name: 'retention.bytes', value: String(bytes === 0 ? -1 : bytes) },
    { name: 'segment.ms', value: String(share(ms, SEGMENT_MS)) },
    { name: 'segment.bytes', value: String(share(bytes, SEGMENT_BYTES)) },
  ];
}

export function creationSettings(
  retention: Retention,
  maxRecordBytes: number,
  minInsyncReplicas: number | undefined,
): TopicSetting[] {
  const settings = [
    ...settingsOf(retention),
    MARK,
    { name: 'message.timestamp.type', value: 'LogAppendTime' },
    { name: 'cleanup.policy', value: 'delete' },
    { name: 'max.message.bytes', value: String(maxRecordBytes + BATCH_OVERHEAD_BYTES) },
  ];
  if (minInsyncReplicas !== undefined) settings.push({ name: 'min.insync.replicas', value: String(minInsyncReplicas) });
  return settings;
}

/** What is asked for to know a topic: whose it is and what it keeps. */
export const ASKED_SETTINGS = ['retention.ms', 'retention.bytes', MARK.name] as const;

export function retentionOf(settings: ReadonlyMap<string, string | null>): Retention {
  return { ms: limit(settings.get('retention.ms')), bytes: limit(settings.get('retention.bytes')) };
}

export const isMarked = (settings: ReadonlyMap<string, string | null>): boolean =>
  settings.get(MARK.name) === MARK.value;

/** Kafka's "no limit" is -1, ours 0. */
function limit(value: string | null | undefined): number {
  const number = Number(value ?? -1);
  return number < 0 ? 0 : number;
}

function share(whole: number, { least, most }: { readonly least: number; readonly most: number }): number {
  return whole === 0 ? most : Math.min(Math.max(Math.floor(whole / SEGMENTS), least), most);
}
