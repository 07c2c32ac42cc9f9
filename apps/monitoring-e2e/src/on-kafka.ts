import path from 'node:path';
import type { Environment } from '@distributary/distribution-nest';

/** Each log folder is a space of its own in Kafka: apps that share a log share their topics, and others do not. */
export const onKafka =
  (brokers: string) =>
  (logFolder: string): Environment => ({
    KAFKA_BROKERS: brokers,
    KAFKA_TOPIC_PREFIX: `${path.basename(path.dirname(logFolder))}.${path.basename(logFolder)}.`.slice(-60),
  });
