import { EmbeddedLog, embeddedLogOptions } from '@distributary/broker-embedded';
import { KafkaLog, kafkaLogOptions } from '@distributary/broker-kafka';
import type { Clock, IdSource, Log, Metrics } from '@distributary/distribution-core';
import type { MonitoringConfig } from '../config/monitoring.config.js';

export interface Broker {
  readonly kind: 'embedded' | 'kafka';
  readonly log: Log;
}

export interface BrokerSurroundings {
  readonly config: MonitoringConfig;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly metrics: Metrics;
}

/** Kafka where it is configured, else the log in files. */
export async function openBroker({ config, ...around }: BrokerSurroundings): Promise<Broker> {
  if (config.KAFKA_BROKERS === undefined) {
    return { kind: 'embedded', log: await EmbeddedLog.open({ ...embeddedLogOptions(config), ...around }) };
  }
  return { kind: 'kafka', log: await KafkaLog.open({ ...kafkaLogOptions(config), ...around }) };
}
