import { describeQueueContract, events } from '@distributary/distribution-core/testing';
import { type RunningServer, startPulsar } from '../../../../tools/stack/src/index.js';
import { aPulsarLog, systemClock as clock } from '../testing/pulsar-harness.js';
import { PulsarQueue } from './pulsar-queue.js';

let pulsar: RunningServer;
beforeAll(async () => {
  pulsar = await startPulsar();
  await warmUp();
}, 180_000);
afterAll(() => pulsar?.stop('SIGKILL'));

/** Of a Pulsar that has just started, the first two events of an append may come 100 ms apart. */
async function warmUp(): Promise<void> {
  const { log, dispose } = await aPulsarLog(pulsar.url);
  await log.createTopic('warm', 1, { ms: 0, bytes: 0 });
  const queue = new PulsarQueue({ log, clock });
  const options = { type: 'shared', start: 'earliest', ackTimeoutMs: 1000, maxAttempts: 1, maxUnacked: 100 } as const;
  const consumer = await queue.subscribe('warm', { topics: ['warm'], ...options });
  for (let round = 0; round < 20; round++) {
    await log.append([{ topic: 'warm', partition: 0, records: events(10) }]);
    await consumer.ack(await consumer.receive(10));
  }
  await queue.close();
  await dispose();
}

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
