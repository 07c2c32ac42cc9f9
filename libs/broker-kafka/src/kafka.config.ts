import { Secret } from '@distributary/distribution-core';
import { z } from 'zod';

const text = z.string().min(1);
const count = (most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a number')
    .transform(Number)
    .refine((number) => number > 0 && number <= most, `must be from 1 to ${most}`);
const secret = text.transform((value) => new Secret(value));

const brokers = z
  .string()
  .transform((list) =>
    list
      .split(',')
      .map((broker) => broker.trim())
      .filter((broker) => broker !== ''),
  )
  .refine(
    (list) => list.length > 0 && list.every((broker) => /^(\[[0-9a-fA-F:]+\]|[^:\s[\]/]+)(:\d{1,5})?$/.test(broker)),
    'must be host:port, several with commas between',
  );
/** What Kafka takes in names of topics, with room for ours. */
const prefix = z.string().regex(/^[A-Za-z0-9._-]{0,64}$/, 'must be at most 64 of A-Z a-z 0-9 . _ -');

/** What the Kafka adapter reads from the environment; an app joins it with the fragments of its other parts. */
export const kafkaConfig = z.object({
  KAFKA_BROKERS: brokers.optional().meta({
    description: 'Brokers to begin with, host:port with commas between. Not set: the embedded log.',
  }),
  KAFKA_CLIENT_ID: text.default('distributary').meta({ description: 'How brokers name this client in their logs.' }),
  KAFKA_TOPIC_PREFIX: prefix.default('').meta({
    description: 'Stands before the names of all topics, groups and transactional ids; topics without it are not seen.',
  }),
  KAFKA_INSTANCE: z
    .string()
    .regex(/^[A-Za-z0-9._-]{0,64}$/, 'must be at most 64 of A-Z a-z 0-9 . _ -')
    .optional()
    .meta({
      description:
        'Names this process among those of its kind (the ordinal of a StatefulSet, say): its successor ends what it left open at once. Empty: a new name at each start.',
    }),
  KAFKA_REPLICATION_FACTOR: z
    .string()
    .regex(/^(-1|[1-9]\d{0,2})$/, 'must be -1 (as the cluster has it) or from 1 to 999')
    .transform(Number)
    .prefault('-1')
    .meta({ description: 'Copies of each topic that is made here; -1: as many as the cluster makes by itself.' }),
  KAFKA_MIN_INSYNC_REPLICAS: count(999).optional().meta({
    description: 'Copies that must have an event before it is acknowledged; empty: as the cluster has it. 2 is safe.',
  }),
  KAFKA_COMPRESSION: z.enum(['none', 'gzip', 'snappy', 'lz4', 'zstd']).default('none').meta({
    description: 'How events are packed on their way to Kafka; zstd needs Node 22.15 or later.',
  }),
  KAFKA_MAX_IN_FLIGHT_BYTES: count(999_999_999).prefault('67108864').meta({
    description: 'Bytes that may wait to be written before producers are told to come back later.',
  }),
  KAFKA_MAX_EVENT_BYTES: count(99_999_999).prefault('1048576').meta({ description: 'The largest event, in bytes.' }),
  KAFKA_TIMEOUT_MS: count(600_000).prefault('15000').meta({
    description:
      'How long a call is tried before it fails with broker.unavailable, in milliseconds; an append from its call on, with all of its steps.',
  }),
  KAFKA_SESSION_TIMEOUT_MS: count(10_000).prefault('6000').meta({
    description:
      'Without a sign of a process for so long, others get its lanes; from 6000 unless the broker allows less.',
  }),
  KAFKA_REVOKE_WAIT_MS: count(10_000).prefault('5000').meta({
    description: 'How long a lane that is to move to another process waits for what is in flight, in milliseconds.',
  }),
  KAFKA_SASL_MECHANISM: z.enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']).optional().meta({
    description: 'How to log in; empty: no login.',
  }),
  KAFKA_SASL_USERNAME: text.optional().meta({ description: 'Who logs in.' }),
  KAFKA_SASL_PASSWORD: secret.optional().meta({ description: 'Its password.', secret: true }),
  KAFKA_TLS: z.enum(['true', 'false']).default('false').meta({ description: 'Whether brokers are reached by TLS.' }),
  KAFKA_TLS_CA_FILE: text.optional().meta({ description: 'Whom to trust, PEM; empty: whom Node trusts.' }),
  KAFKA_TLS_CERT_FILE: text.optional().meta({ description: 'Our certificate, PEM, if brokers ask for one.' }),
  KAFKA_TLS_KEY_FILE: text.optional().meta({ description: 'The key of our certificate, PEM.' }),
});

export type KafkaConfig = z.infer<typeof kafkaConfig>;
