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
}, 180_000);
afterAll(() => pulsar.stop(), 60_000);

await import('./publishing.e2e.spec.js');
await import('./subscriptions.e2e.spec.js');
