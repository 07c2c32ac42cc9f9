import type { LaneMembership } from '../../ports/lane-groups.port.js';
import type { GroupMember } from '../../ports/log.port.js';
import { events } from '../../testing/builders.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { InMemoryLog } from '../../testing/in-memory-log.js';
import { GroupLanes } from './group-lanes.js';

const GROUP = 'queue:reports';

/** A process that has the two lanes of a topic; how its commits are to be named is answered when the test says so. */
async function setUp() {
  const clock = new FakeClock();
  const log = new InMemoryLog({ clock });
  await log.createTopic('orders', 2, { ms: 0, bytes: 0 });
  await log.append([0, 1].map((partition) => ({ topic: 'orders', partition, records: events(2) })));
  const ends = await log.ends('orders');
  const lanes = new GroupLanes({ log, clock, group: GROUP, start: 'earliest', onEnded: () => undefined });
  let answer: (member: GroupMember) => void = () => undefined;
  const membership: LaneMembership = {
    ready: () => Promise.resolve(),
    member: () => new Promise((resolve) => (answer = resolve)),
    setTopics: () => undefined,
    leave: () => Promise.resolve(),
  };
  let release: () => void = () => undefined;
  const subscription = {
    takeUp: () => Promise.resolve(),
    release: () => new Promise<void>((resolve) => (release = resolve)),
    drop: () => Promise.resolve(),
    pause: () => undefined,
    resume: () => undefined,
  };
  lanes.connect(subscription, membership);
  const given = () => [0, 1].map((partition) => ({ topic: 'orders', partition }));
  await lanes.onAssigned(given());
  const store = (partition: number) => {
    const { lane, last } = ends[partition];
    return lanes.store([{ topic: 'orders', partition, epoch: lane.epoch, position: last }]);
  };
  const committed = async () => (await log.committed(GROUP)).map(({ partition }) => partition);
  return {
    ...{ lanes, given, store, committed },
    answer: (memberId: string) => answer({ memberId, generation: 1 }),
    release: () => release(),
  };
}

describe('positions of lanes that a group gives', () => {
  it('are stored as those of the member, of lanes that are on their way out, too', async () => {
    const { lanes, given, store, committed, answer, release } = await setUp();
    const [first, second] = given();
    const storing = store(first.partition);
    answer('me');
    await storing;
    const revoked = lanes.onRevoked([second], 1_000);
    const storingLast = store(second.partition);
    answer('me');
    await storingLast;
    release();
    await revoked;
    expect(await committed()).toEqual([0, 1]);
    const late = store(second.partition);
    answer('me');
    await expect(late).rejects.toMatchObject({ code: 'generation.stale' });
  });

  it.each(['lost', 'lost and given again'])('are not stored under a later name when the lane was %s', async (fate) => {
    const { lanes, given, store, committed, answer } = await setUp();
    const storing = store(0);
    lanes.onLost(given());
    if (fate === 'lost and given again') await lanes.onAssigned(given());
    answer('me since');
    await expect(storing).rejects.toMatchObject({ code: 'generation.stale' });
    expect(await committed()).toEqual([]);
  });
});
