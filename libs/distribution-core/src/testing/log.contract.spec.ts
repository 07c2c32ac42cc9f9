import { FakeClock } from './fake-clock.js';
import { InMemoryLog } from './in-memory-log.js';
import { describeLogContract } from './log.contract.js';

describeLogContract('InMemoryLog', {
  retainsPromptly: true,
  hasLimits: true,
  open: async (limits) => {
    const clock = new FakeClock();
    const log = new InMemoryLog({ clock, ...limits });
    const logs = [log];
    return {
      log,
      another: async () => {
        logs.push(log.reopen());
        return logs[logs.length - 1];
      },
      letTimePass: async (ms) => clock.advance(ms),
      dispose: async () => {
        await Promise.all(logs.map((each) => each.close()));
      },
    };
  },
});
