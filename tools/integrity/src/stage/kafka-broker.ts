import type { StageBroker } from './broker.js';

/** Not before the service takes KAFKA_BROKERS. */
export function kafkaBroker(_brokers: number): Promise<StageBroker> {
  return Promise.reject(new Error('the service has no Kafka yet: use --broker embedded'));
}
