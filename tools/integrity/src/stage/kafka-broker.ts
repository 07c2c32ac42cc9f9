import { KafkaLog } from '@distributary/broker-kafka';
import { SystemClock, SystemIds } from '@distributary/distribution-nest';
import type { StageBroker } from './broker.js';
import { realServers } from './real-servers.js';

/** A real Kafka of one broker or of three. */
export async function kafkaBroker(count: 1 | 3): Promise<StageBroker> {
  const { startKafka, startKafka3 } = await realServers();
  const one = async () => {
    const broker = await startKafka();
    return { url: broker.url, brokers: [broker], stop: () => broker.stop() };
  };
  const { url, brokers, stop } = count === 3 ? await startKafka3() : await one();
  return {
    kind: 'kafka',
    spreads: false,
    env: { KAFKA_BROKERS: url },
    servers: brokers,
    openLog: () => KafkaLog.open({ brokers: url.split(','), clock: new SystemClock(), ids: new SystemIds() }),
    stop,
  };
}
