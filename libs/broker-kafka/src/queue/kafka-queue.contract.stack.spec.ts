import { describeQueueContract } from '@distributary/distribution-core/testing';
import { type RunningServer, startKafka } from '../../../../tools/stack/src/index.js';
import { aKafkaLog, systemClock as clock } from '../testing/kafka-harness.js';
import { KafkaQueue } from './kafka-queue.js';

let kafka: RunningServer;
beforeAll(async () => {
  kafka = await startKafka();
}, 120_000);
afterAll(() => kafka.stop('SIGKILL'));

describeQueueContract('KafkaQueue', {
  open: async () => {
    const { log, prefix, letTimePass, dispose } = await aKafkaLog(kafka.url);
    const open = () => new KafkaQueue({ brokers: [kafka.url], prefix, log, clock });
    let queue = open();
    return {
      queue,
      log,
      restart: async () => {
        await queue.close();
        queue = open();
        return queue;
      },
      letTimePass,
      dispose: async () => {
        await queue.close();
        await dispose();
      },
    };
  },
});
