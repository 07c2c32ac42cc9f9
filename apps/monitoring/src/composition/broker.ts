import { EmbeddedLog, embeddedLogOptions } from '@distributary/broker-embedded';
import type { Broker, BrokerSurroundings } from '@distributary/distribution-service';
import type { MonitoringConfig } from '../config/monitoring.config.js';

/** Kafka where it is configured, else the log in files. */
export async function openBroker({ config, ...around }: BrokerSurroundings<MonitoringConfig>): Promise<Broker> {
  if (config.KAFKA_BROKERS === undefined) {
    return { kind: 'embedded', log: await EmbeddedLog.open({ ...embeddedLogOptions(config), ...around }) };
  }
  // Only here: importing Kafka's client compiles schemas for hundreds of milliseconds.
  const { KafkaGroups, kafkaGroupsOptions, KafkaLog, kafkaLogOptions } = await import('@distributary/broker-kafka');
  const log = await KafkaLog.open({ ...kafkaLogOptions(config), ...around });
  return { kind: 'kafka', log, groups: new KafkaGroups({ ...kafkaGroupsOptions(config), clock: around.clock }) };
}
