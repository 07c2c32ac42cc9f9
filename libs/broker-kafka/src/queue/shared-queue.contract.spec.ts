import { LogQueue } from '@distributary/distribution-core';
import { describeQueueContract, FakeClock, InMemoryLog } from '@distributary/distribution-core/testing';
import { FakeGroupBroker } from '../testing/fake-group-broker.js';
import { FakeGroups, partitionsIn } from '../testing/fake-groups.js';

const TIMES = { sessionTimeoutMs: 60_000, revokeWaitMs: 5_000 };

describeQueueContract('LogQueue whose lanes come from a group', {
  open: async () => {
    const clock = new FakeClock();
    const log: InMemoryLog = new InMemoryLog({ clock, isMember: (group, member) => broker.isMember(group, member) });
    const broker = new FakeGroupBroker(clock, TIMES, partitionsIn(log));
    const open = () => new LogQueue({ log, clock, groups: new FakeGroups(broker, clock, TIMES) });
    let queue = open();
    return {
      queue,
      log,
      restart: async () => {
        await queue.close();
        queue = open();
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
