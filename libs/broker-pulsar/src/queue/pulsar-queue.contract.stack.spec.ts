import { describeQueueContract } from '@distributary/distribution-core/testing';
import { type RunningServer, startPulsar } from '../../../../tools/stack/src/index.js';
import { aPulsarLog, systemClock as clock } from '../testing/pulsar-harness.js';
import { PulsarQueue } from './pulsar-queue.js';

let pulsar: RunningServer;
beforeAll(async () => {
  pulsar = await startPulsar();
}, 180_000);
afterAll(() => pulsar?.stop('SIGKILL'));

describeQueueContract('PulsarQueue', {
  open: async () => {
    const { log, letTimePass, dispose } = await aPulsarLog(pulsar.url);
    const open = () => new PulsarQueue({ log, clock });
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
