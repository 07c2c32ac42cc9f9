import { noMetrics } from '../../ports/metrics.port.js';
import type { GroupMember } from '../../ports/log.port.js';
import { aRule } from '../../testing/a-rule.js';
import { aTopic, events } from '../../testing/builders.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { InMemoryLog } from '../../testing/in-memory-log.js';
import { until } from '../../testing/until.js';
import { EventRouter } from '../rules/event-router.js';
import { RuleTable } from '../rules/rule-table.js';
import type { LaneRight } from './lane-right.js';
import { DEFAULT_ROUTER_LIMITS, RouterLane } from './router-lane.js';

const GROUP = 'router/theirs';

/** A lane that is routed by a right that can be lost; how its holder is named is answered when the test says so. */
async function setUp() {
  const clock = new FakeClock();
  const log = new InMemoryLog({ clock });
  const topics = [aTopic('theirs', { origin: 'external' }), aTopic('ours')];
  for (const { name } of topics) await log.createTopic(name, 1, { ms: 0, bytes: 0 });
  const router = new EventRouter({
    topics: { find: (name) => topics.find((one) => one.name === name) },
    restate: (record) => record.value,
    metrics: noMetrics,
  });
  router.use(RuleTable.compile([aRule({ name: 'r', sourcePattern: 'theirs', targetTopic: 'ours' })]));
  const losing = new AbortController();
  const asked: ((member: GroupMember) => void)[] = [];
  let isReleased = false;
  let isSuspended = false;
  const right: LaneRight = {
    signal: losing.signal,
    isSure: () => !losing.signal.aborted && !isSuspended,
    member: () => new Promise((resolve) => asked.push(resolve)),
    release: () => {
      isReleased = true;
      return Promise.resolve();
    },
  };
  const counter = { add: () => undefined };
  const errors: unknown[] = [];
  const route = () =>
    new RouterLane(
      { topic: 'theirs', catalogVersion: 1, brokerName: 'theirs', partition: 0, group: GROUP, encoded: undefined },
      {
        log,
        router,
        rights: {
          acquire: () => Promise.resolve(isReleased && losing.signal.aborted ? 'taken' : right),
          leave: () => Promise.resolve(),
          close: () => Promise.resolve(),
        },
        clock,
        limits: DEFAULT_ROUTER_LIMITS,
        counters: { events: counter, copies: counter, refused: counter, gaps: counter },
        onError: (error) => errors.push(error),
      },
    );
  /** Forgotten while it asks for its name, the process joins anew: the name is that of another membership. */
  const loseAndAnswer = async () => {
    await until('it asks for its name', () => asked.length === 1);
    losing.abort();
    asked[0]({ memberId: 'me since', generation: 7 });
    await until('it lets go of the lane', () => isReleased);
  };
  /** For the moment in which it asks for its name, nobody knows whether the lane is its own; then it is again. */
  const suspendAndAnswer = async () => {
    await until('it asks for its name', () => asked.length === 1);
    isSuspended = true;
    asked[0]({ memberId: 'me', generation: 1 });
    await until('it lets go of the lane', () => isReleased);
    isSuspended = false;
    clock.advance(DEFAULT_ROUTER_LIMITS.retryMs);
    await until('it asks for its name again', () => asked.length === 2);
    asked[1]({ memberId: 'me', generation: 1 });
  };
  const copies = async () =>
    (await log.read({ topic: 'ours', partition: 0, after: '' }, 1e9)).reduce((sum, { count }) => sum + count, 0);
  return { log, route, loseAndAnswer, suspendAndAnswer, copies, errors };
}

describe('a router that was forgotten while it asked how it is named', () => {
  it('appends no copies, and leaves the position where others may have it', async () => {
    const { log, route, loseAndAnswer, copies, errors } = await setUp();
    const [{ lane, beforeFirst: position }] = await log.ends('theirs');
    const before = [{ topic: 'theirs', partition: 0, epoch: lane.epoch, position }];
    await log.commit({ group: GROUP, positions: before });
    await log.append([{ topic: 'theirs', partition: 0, records: events(3) }]);
    const routed = route();
    await loseAndAnswer();
    expect(await copies()).toBe(0);
    expect(await log.committed(GROUP)).toEqual(before);
    await routed.stop();
    expect(errors).toEqual([]);
  });

  it('does not say where a lane begins that it had just taken up', async () => {
    const { log, route, loseAndAnswer, errors } = await setUp();
    const routed = route();
    await loseAndAnswer();
    expect(await log.committed(GROUP)).toEqual([]);
    await routed.stop();
    expect(errors).toEqual([]);
  });
});

describe('a router that was not sure of its lane for a moment', () => {
  it('routes again what it had read by then, before anything that comes later', async () => {
    const { log, route, suspendAndAnswer, copies, errors } = await setUp();
    const [{ lane, beforeFirst: position }] = await log.ends('theirs');
    await log.commit({ group: GROUP, positions: [{ topic: 'theirs', partition: 0, epoch: lane.epoch, position }] });
    await log.append([{ topic: 'theirs', partition: 0, records: events(3) }]);
    const routed = route();
    await suspendAndAnswer();
    await until('the copies are there', async () => (await copies()) === 3);
    await routed.stop();
    expect(errors).toEqual([]);
  });
});
