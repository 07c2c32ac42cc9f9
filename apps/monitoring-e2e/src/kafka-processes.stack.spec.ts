import { type RunningServer, startKafka } from '../../../tools/stack/src/index.js';
import { TestApp } from './harness.js';
import { onKafka } from './on-kafka.js';

/* The processes of a service have nothing between them but Kafka and the database. */
let kafka: RunningServer;
beforeAll(async () => {
  kafka = await startKafka();
  TestApp.surroundings = onKafka(kafka.url);
}, 180_000);
afterAll(() => kafka.stop(), 60_000);

await import('./processes.e2e.spec.js');
await import('./roles.e2e.spec.js');
await import('./alert-workers.e2e.spec.js');
