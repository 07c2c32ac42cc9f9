import { type RunningServer, startKafka } from '../../../tools/stack/src/index.js';
import { describeLogContract } from '@distributary/distribution-core/testing';
import { aKafkaLog } from './testing/kafka-harness.js';

let kafka: RunningServer;
beforeAll(async () => {
  kafka = await startKafka();
}, 120_000);
afterAll(() => kafka?.stop());

describeLogContract('KafkaLog', {
  // Kafka removes segments at an interval of minutes.
  retainsPromptly: false,
  hasLimits: true,
  open: (limits) => aKafkaLog(kafka.url, limits),
});
