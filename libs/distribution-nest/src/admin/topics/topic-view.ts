import type { NewTopicInput, TopicChangeInput, TopicStatsView, TopicView } from '@distributary/contracts';
import {
  type LaneEnds,
  type LaneStatistics,
  type TopicChange,
  type TopicDefinition,
  type TopicRequest,
  unqualified,
} from '@distributary/distribution-core';
import { isoTime } from '../../doors/json-messages.js';

/** A topic in the words of its tenant. */
export function topicView(topic: TopicDefinition, ends: readonly LaneEnds[]): TopicView {
  return {
    name: unqualified(topic.name),
    data_type: topic.dataType,
    partitions: topic.partitions,
    retention_policy: topic.retentionPolicy,
    enabled: topic.enabled,
    origin: topic.origin,
    broker_name: topic.brokerName,
    payload_format: topic.payload?.format ?? (topic.origin === 'external' ? 'none' : 'json'),
    ...(topic.payload?.subject !== undefined && { payload_subject: topic.payload.subject }),
    priority: topic.priority,
    conflation_key: asWritten(topic.conflationKey),
    catalog_version: topic.catalogVersion,
    created_at: isoTime(topic.createdAtMicros),
    events: sumOf(ends, ({ events }) => events),
    bytes: sumOf(ends, ({ bytes }) => bytes),
  };
}

export function topicStatsView(
  topic: TopicDefinition,
  lanes: readonly LaneStatistics[],
  nowMicros: number,
): TopicStatsView {
  const rates = lanes.map(({ eventsPerSecond }) => eventsPerSecond);
  return {
    name: unqualified(topic.name),
    events: sumOf(lanes, ({ events }) => events),
    bytes: sumOf(lanes, ({ bytes }) => bytes),
    ...(rates.includes(undefined) ? {} : { events_per_second: sumOf(rates, (rate) => rate as number) }),
    subscribers: Math.max(0, ...lanes.map(({ subscribers }) => subscribers)),
    lanes: lanes.map((lane) => ({
      partition: lane.partition,
      epoch: lane.epoch,
      events: lane.events,
      bytes: lane.bytes,
      first_position: lane.beforeFirst,
      last_position: lane.last,
      ...(lane.oldestMicros === undefined ? {} : { oldest_at: isoTime(lane.oldestMicros) }),
      ...(lane.newestMicros === undefined ? {} : { newest_at: isoTime(lane.newestMicros) }),
      ...(lane.eventsPerSecond === undefined ? {} : { events_per_second: lane.eventsPerSecond }),
      subscribers: lane.subscribers,
    })),
    generated_at: isoTime(nowMicros),
  };
}

export function topicRequestOf(input: NewTopicInput): TopicRequest {
  return {
    name: input.name,
    dataType: input.data_type,
    partitions: input.partitions,
    origin: input.origin,
    brokerName: input.broker_name,
    payloadFormat: input.payload_format,
    payloadSubject: input.payload_subject,
    ...topicChangeOf(input),
  };
}

export function topicChangeOf(input: TopicChangeInput): TopicChange {
  return {
    ...(input.retention_policy === undefined ? {} : { retentionPolicy: input.retention_policy }),
    ...(input.enabled === undefined ? {} : { enabled: input.enabled }),
    ...(input.priority === undefined ? {} : { priority: input.priority }),
    ...(input.conflation_key === undefined ? {} : { conflationKey: input.conflation_key }),
  };
}

const asWritten = (key: TopicDefinition['conflationKey']): TopicView['conflation_key'] =>
  typeof key === 'string' ? key : { attributes: [...key.attributes] };

function sumOf<Item>(items: readonly Item[], amountOf: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + amountOf(item), 0);
}
