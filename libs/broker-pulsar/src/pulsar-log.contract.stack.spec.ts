import { describeLogContract } from '@distributary/distribution-core/testing';
import { type RunningServer, startPulsar } from '../../../tools/stack/src/index.js';
import { aPulsarLog } from './testing/pulsar-harness.js';

let pulsar: RunningServer;
beforeAll(async () => {
  pulsar = await startPulsar();
}, 180_000);
afterAll(() => pulsar?.stop('SIGKILL'));

describeLogContract('PulsarLog', {
  // Pulsar removes ledgers at an interval of minutes, and counts retention in minutes.
  retainsPromptly: false,
  hasLimits: true,
  open: (limits) => aPulsarLog(pulsar.url, limits),
});
