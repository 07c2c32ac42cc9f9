import { readFileSync } from 'node:fs';
import type { KafkaConfig } from './kafka.config.js';
import type { KafkaLogOptions } from './kafka-log.js';
import type { KafkaGroupsOptions } from './queue/kafka-groups.js';

/** The part of `KafkaLog.open`'s options that comes from the environment. Reads the files of TLS, and throws if it cannot. */
export function kafkaLogOptions(config: KafkaConfig) {
  return {
    brokers: config.KAFKA_BROKERS ?? [],
    clientId: config.KAFKA_CLIENT_ID,
    prefix: config.KAFKA_TOPIC_PREFIX,
    instance: config.KAFKA_INSTANCE,
    replicationFactor: config.KAFKA_REPLICATION_FACTOR,
    minInsyncReplicas: config.KAFKA_MIN_INSYNC_REPLICAS,
    compression: config.KAFKA_COMPRESSION,
    maxInFlightBytes: config.KAFKA_MAX_IN_FLIGHT_BYTES,
    maxRecordBytes: config.KAFKA_MAX_EVENT_BYTES,
    timeoutMs: config.KAFKA_TIMEOUT_MS,
    security: securityOf(config),
  } satisfies Partial<KafkaLogOptions>;
}

/** The part of `KafkaGroups`' and `KafkaQueue`'s options that comes from the environment; as that of the log. */
export function kafkaGroupsOptions(config: KafkaConfig) {
  return {
    brokers: config.KAFKA_BROKERS ?? [],
    clientId: config.KAFKA_CLIENT_ID,
    prefix: config.KAFKA_TOPIC_PREFIX,
    security: securityOf(config),
    times: { sessionTimeoutMs: config.KAFKA_SESSION_TIMEOUT_MS, revokeWaitMs: config.KAFKA_REVOKE_WAIT_MS },
  } satisfies Partial<KafkaGroupsOptions>;
}

/** Login and TLS as the client library takes them. */
export function securityOf(config: KafkaConfig): NonNullable<KafkaLogOptions['security']> {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = config;
  const sasl = mechanism === undefined ? {} : { sasl: { mechanism, username, password: password?.reveal() } };
  if (config.KAFKA_TLS !== 'true') return sasl;
  const file = (name: string, path: string | undefined) => (path === undefined ? {} : { [name]: readFileSync(path) });
  const tls = {
    ...file('ca', config.KAFKA_TLS_CA_FILE),
    ...file('cert', config.KAFKA_TLS_CERT_FILE),
    ...file('key', config.KAFKA_TLS_KEY_FILE),
  };
  return { ...sasl, tls };
}
