import { describeQueueContract } from '@distributary/distribution-core/testing';
import { LogQueue } from '@distributary/distribution-core';
import { aLogHarness } from './testing/embedded-harness.js';

describeQueueContract('LogQueue over the embedded log', {
  open: async () => {
    const { log, clock, dispose } = await aLogHarness();
    let queue = new LogQueue({ log, clock });
    return {
      queue,
      log,
      restart: async () => {
        await queue.close();
        queue = new LogQueue({ log, clock });
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
