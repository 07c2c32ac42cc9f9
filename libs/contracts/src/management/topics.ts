import { z } from 'zod';

const name = z.string().min(1).max(200);
const payloadFormat = z.enum(['none', 'json', 'avro']);

export const conflationKeySchema = z.union([
  z.enum(['none', 'routing_key']),
  z.strictObject({ attributes: z.array(z.string().min(1).max(100)).min(1).max(8) }),
]);

const changeable = {
  /** `7d`, `12h`, `1GiB`, `7d,1GiB` or `forever`. */
  retention_policy: z.string().min(1).max(50).optional(),
  enabled: z.boolean().optional(),
  /** 1 is the most urgent, 9 the least. */
  priority: z.int().min(1).max(9).optional(),
  conflation_key: conflationKeySchema.optional(),
};

/** `POST topics`. */
export const newTopicSchema = z
  .strictObject({
    name,
    data_type: z.string().min(1).max(50),
    partitions: z.int().min(1).max(256).optional(),
    ...changeable,
    origin: z.enum(['ingested', 'external']).optional(),
    broker_name: z.string().min(1).max(249).optional(),
    /** Of an external topic: how its payloads are read. Default: none, they are handed on as they are. */
    payload_format: payloadFormat.optional(),
    /** Whose schemas they must have. Default: any of the registry. */
    payload_subject: z.string().min(1).max(255).optional(),
  })
  .meta({ id: 'NewTopic' });

/** `PATCH topics/{name}`: what is not named stays as it is. */
export const topicChangeSchema = z.strictObject(changeable).meta({ id: 'TopicChange' });

export const topicSchema = z
  .object({
    name: z.string(),
    data_type: z.string(),
    partitions: z.int(),
    retention_policy: z.string(),
    enabled: z.boolean(),
    origin: z.enum(['ingested', 'external']),
    broker_name: z.string(),
    /** Of topics that the service itself writes: json. */
    payload_format: payloadFormat,
    payload_subject: z.string().optional(),
    priority: z.int(),
    conflation_key: conflationKeySchema,
    catalog_version: z.int(),
    created_at: z.string(),
    /** That the broker keeps, and their bytes there. */
    events: z.int(),
    bytes: z.int(),
  })
  .meta({ id: 'Topic' });

export const topicLaneSchema = z
  .object({
    partition: z.int(),
    epoch: z.string(),
    events: z.int(),
    bytes: z.int(),
    first_position: z.string(),
    last_position: z.string(),
    oldest_at: z.string().optional(),
    newest_at: z.string().optional(),
    events_per_second: z.number().optional(),
    subscribers: z.int(),
  })
  .meta({ id: 'TopicLane' });

/** `GET topics/{name}/stats`. */
export const topicStatsSchema = z
  .object({
    name: z.string(),
    events: z.int(),
    bytes: z.int(),
    events_per_second: z.number().optional(),
    subscribers: z.int(),
    lanes: z.array(topicLaneSchema),
    generated_at: z.string(),
  })
  .meta({ id: 'TopicStats' });

export type NewTopicInput = z.output<typeof newTopicSchema>;
export type TopicChangeInput = z.output<typeof topicChangeSchema>;
export type TopicView = z.output<typeof topicSchema>;
export type TopicStatsView = z.output<typeof topicStatsSchema>;
