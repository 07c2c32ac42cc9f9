import { EmbeddedLog, embeddedLogOptions } from '@distributary/broker-embedded';
import { KafkaGroups, kafkaGroupsOptions, KafkaLog, kafkaLogOptions } from '@distributary/broker-kafka';
import type { Clock, IdSource, LaneGroups, Log, Metrics } from '@distributary/distribution-core';
import type { MonitoringConfig } from '../config/monitoring.config.js';

export interface Broker {
  readonly kind: 'embedded' | 'kafka';
  readonly log: Log;
  /** Where the broker has machinery by which processes share lanes. */
  readonly groups?: LaneGroups;
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
  const log = await KafkaLog.open({ ...kafkaLogOptions(config), ...around });
  return { kind: 'kafka', log, groups: new KafkaGroups({ ...kafkaGroupsOptions(config), clock: around.clock }) };
}
