import { describeQueueContract } from '@distributary/distribution-core/testing';
import { EmbeddedQueue } from './embedded-queue.js';
import { aLogHarness } from './testing/embedded-harness.js';

describeQueueContract('EmbeddedQueue', {
  open: async () => {
    const { log, clock, dispose } = await aLogHarness();
    let queue = new EmbeddedQueue({ log, clock });
    return {
      queue,
      log,
      restart: async () => {
        await queue.close();
        queue = new EmbeddedQueue({ log, clock });
        return queue;
      },
      letTimePass: async (ms) => clock.advance(ms),
      dispose: async () => {
        await queue.close();
        await dispose();
      },
    };
  },
});
