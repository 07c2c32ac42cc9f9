import type { Clock, LaneGroups, Log } from '@distributary/distribution-core';
import type { GroupCoordinator } from '../queue/group-coordinator.js';
import { GroupMembership } from '../queue/group-membership.js';
import type { GroupTimes } from '../queue/group-times.js';
import type { FakeGroupBroker } from './fake-group-broker.js';

/** What one process has of the groups of a fake broker, and what may happen to it. */
export class FakeGroups implements LaneGroups {
  private readonly lines: (GroupCoordinator & { isHeldUp: boolean })[] = [];
  private readonly memberships: GroupMembership[] = [];

  constructor(
    private readonly broker: FakeGroupBroker,
    private readonly clock: Clock,
    private readonly times: GroupTimes,
  ) {}

  join: LaneGroups['join'] = (group, options, events) => {
    const line = this.broker.line(group);
    this.lines.push(line);
    const membership = new GroupMembership(line, options, events, this.clock, this.times);
    this.memberships.push(membership);
    membership.start();
    return membership;
  };

  /** As if its process were stopped, or went on. */
  hold(isHeldUp: boolean): void {
    for (const line of this.lines) line.isHeldUp = isHeldUp;
  }

  async close(): Promise<void> {
    await Promise.all(this.memberships.map((membership) => membership.leave()));
  }
}

/** How many lanes topics have, as the log says. */
export const partitionsIn = (log: Log) => async (topics: readonly string[]) => {
  const all = await log.listTopics();
  return new Map(all.filter(({ name }) => topics.includes(name)).map(({ name, partitions }) => [name, partitions]));
};
