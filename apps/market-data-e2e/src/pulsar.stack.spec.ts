import { type RunningServer, startPulsar } from '../../../tools/stack/src/index.js';
import { TestApp } from './harness.js';
import { onPulsar } from './on-pulsar.js';

/*
 * The service's own scenarios on a real Pulsar: what is promised does not depend on the broker.
 */
let pulsar: RunningServer;
beforeAll(async () => {
  pulsar = await startPulsar();
  TestApp.surroundings = onPulsar(pulsar.url);
  await TestApp.share();
}, 240_000);
afterAll(async () => {
  await TestApp.stopShared();
  await pulsar.stop();
}, 120_000);

it('is where the service has its events', async () => {
  const app = await TestApp.start();
  const { body } = await app.get('/health/ready');
  expect(body).toMatchObject({ status: 'ready' });
  expect(body.dependencies).toContainEqual(expect.objectContaining({ name: 'broker', kind: 'pulsar', status: 'up' }));
});

await import('./conflation.e2e.spec.js');
await import('./durable.e2e.spec.js');
await import('./history.e2e.spec.js');
await import('./processes.e2e.spec.js');
await import('./publishing.e2e.spec.js');
await import('./refusals.e2e.spec.js');
await import('./selection.e2e.spec.js');
await import('./sources.e2e.spec.js');
await import('./subscriptions.e2e.spec.js');
