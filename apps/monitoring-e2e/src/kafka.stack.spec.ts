import { type RunningServer, startKafka } from '../../../tools/stack/src/index.js';
import { TestApp } from './harness.js';
import { onKafka } from './on-kafka.js';

/*
 * The service's own scenarios on a real Kafka: what is promised does not depend on the broker.
 */
let kafka: RunningServer;
beforeAll(async () => {
  kafka = await startKafka();
  TestApp.surroundings = onKafka(kafka.url);
}, 180_000);
afterAll(() => kafka.stop(), 60_000);

it('is where the service has its events', async () => {
  const app = await TestApp.start();
  const { body } = await app.get('/health/ready');
  expect(body).toMatchObject({ status: 'ready' });
  expect(body.dependencies).toContainEqual(expect.objectContaining({ name: 'broker', kind: 'kafka', status: 'up' }));
  await app.stop();
}, 60_000);

await import('./publishing.e2e.spec.js');
await import('./resuming.e2e.spec.js');
await import('./durable.e2e.spec.js');
await import('./guarantees.e2e.spec.js');
await import('./history.e2e.spec.js');
await import('./routing-processes.e2e.spec.js');
