import { FakeClock } from './fake-clock.js';
import { InMemoryLog } from './in-memory-log.js';
import { InMemoryQueue } from './in-memory-queue.js';
import { describeQueueContract } from './queue.contract.js';

describeQueueContract('InMemoryQueue', {
  open: async () => {
    const clock = new FakeClock();
    const log = new InMemoryLog({ clock });
    let queue = new InMemoryQueue(log, clock);
    return {
      queue,
      log,
      restart: async () => {
        await queue.close();
        queue = new InMemoryQueue(log, clock);
        return queue;
      },
      letTimePass: async (ms) => clock.advance(ms),
      dispose: async () => {
        await queue.close();
        await log.close();
      },
    };
  },
});
