import type { EventRecord, LaneAppend, Log, TopicDefinition } from '@distributary/distribution-core';

/** What is read: events as an ingest stores them, 200 bytes each beside their attributes. */
export const VALUE_BYTES = 200;
export const PARTITIONS = 4;
/** Of one lane, as many as a producer's POST holds. */
const BATCH_EVENTS = 100;
const APPENDS_AT_ONCE = 8;
const KEYS = 64;

export const TOPIC: TopicDefinition = {
  name: 'bench/tail',
  tenant: 'default',
  brokerName: 'bench.tail',
  dataType: 'METRICS',
  partitions: PARTITIONS,
  retentionPolicy: '1d',
  enabled: true,
  origin: 'ingested',
  priority: 5,
  conflationKey: 'none',
  catalogVersion: 1,
  createdAtMicros: 0,
};

const STARTED_MICROS = Date.now() * 1000;

function recordAt(sequence: number): EventRecord {
  const eventId = `tail-${sequence.toString(36)}`;
  const key = `bench.k${sequence % KEYS}`;
  const head = `{"event_id":"${eventId}","routing":{"routing_key":"${key}"},"data":{"current_value":${sequence},"note":"`;
  const value = `${head.padEnd(VALUE_BYTES - 3, 'x')}"}}`;
  return {
    eventId,
    timeMicros: STARTED_MICROS + sequence,
    routingKey: key,
    attributes: { data_type: 'METRICS', service: 'bench', value: sequence % 100 },
    value: Buffer.from(value, 'latin1'),
  };
}

/** Fills all lanes alike with so many events in all; returns how many there are then. */
export async function appendEvents(log: Log, events: number): Promise<number> {
  await log.createTopic(TOPIC.brokerName, PARTITIONS, { ms: 0, bytes: 0 });
  let sequence = 0;
  const appends = (): LaneAppend[] =>
    Array.from({ length: PARTITIONS }, (_, partition) => ({
      topic: TOPIC.brokerName,
      partition,
      records: Array.from({ length: BATCH_EVENTS }, () => recordAt(sequence++)),
    }));
  // Lane by lane: an append over several lanes would be a transaction.
  const round = () => Promise.all(appends().map((append) => log.append([append])));
  while (sequence < events) await Promise.all(Array.from({ length: APPENDS_AT_ONCE }, round));
  return sequence;
}
