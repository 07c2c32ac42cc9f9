import { type LaneName, laneName } from '../../lane.js';
import type { Clock } from '../../ports/clock.port.js';
import type { LaneGroupEvents, LaneGroups, LaneMembership, LanePlace } from '../../ports/lane-groups.port.js';
import type { GroupMember } from '../../ports/log.port.js';
import type { LaneRight, LaneRights, RightPlace } from './lane-right.js';

/** The right to one lane, from when the group gave it until the group has it back. */
class GroupRight implements LaneRight {
  private readonly ending = new AbortController();
  readonly signal = this.ending.signal;
  isTaken = false;
  private onReleased: () => void = () => undefined;

  constructor(
    private readonly membership: LaneMembership,
    private readonly suspension: { isSuspended: boolean },
  ) {}

  isSure(): boolean {
    return !this.signal.aborted && !this.suspension.isSuspended;
  }

  member(refused?: GroupMember): Promise<GroupMember> {
    return this.membership.member(refused);
  }

  /** It may be taken again as long as the group does not want it back. */
  release(): Promise<void> {
    this.isTaken = false;
    this.onReleased();
    return Promise.resolve();
  }

  /** Resolves when its holder has let go of it. */
  end(): Promise<void> {
    const released = this.isTaken ? new Promise<void>((resolve) => (this.onReleased = resolve)) : Promise.resolve();
    this.ending.abort();
    return released;
  }
}

interface RouterGroup {
  readonly membership: LaneMembership;
  readonly rights: Map<LaneName, GroupRight>;
}

/** Rights from the broker's own groups: who routes a lane appends as the group's member, or is refused by the broker. */
export class GroupRights implements LaneRights {
  private readonly joined = new Map<string, RouterGroup>();

  constructor(
    private readonly groups: LaneGroups,
    private readonly clock: Clock,
  ) {}

  acquire({ group, brokerName, partition }: RightPlace): Promise<LaneRight | 'taken'> {
    const { rights } = this.joined.get(group) ?? this.join(group, brokerName);
    const right = rights.get(laneName({ topic: brokerName, partition }));
    if (right === undefined || right.isTaken || !right.isSure()) return Promise.resolve('taken');
    right.isTaken = true;
    return Promise.resolve(right);
  }

  async leave(group: string): Promise<void> {
    const present = this.joined.get(group);
    this.joined.delete(group);
    await present?.membership.leave();
  }

  async close(): Promise<void> {
    await Promise.all([...this.joined.keys()].map((group) => this.leave(group)));
  }

  private join(name: string, topic: string): RouterGroup {
    const rights = new Map<LaneName, GroupRight>();
    const suspension = { isSuspended: false };
    const end = (lanes: readonly LanePlace[]): Promise<void>[] =>
      lanes.map((lane) => {
        const right = rights.get(laneName(lane));
        rights.delete(laneName(lane));
        return right?.end() ?? Promise.resolve();
      });
    const forget = () => {
      if (this.joined.get(name)?.rights === rights) this.joined.delete(name);
    };
    const events: LaneGroupEvents = {
      onAssigned: (lanes) => {
        for (const lane of lanes) rights.set(laneName(lane), new GroupRight(membership, suspension));
        return Promise.resolve();
      },
      onRevoked: (lanes, waitMs) => this.within(waitMs, Promise.all(end(lanes))),
      onLost: (lanes) => void end(lanes),
      onSuspended: () => void (suspension.isSuspended = true),
      onResumed: () => void (suspension.isSuspended = false),
      onEnded: forget,
    };
    const membership = this.groups.join(name, { topics: [topic], sharing: 'spread', terms: 'router' }, events);
    // Who was not taken in asks again with the next lane that it wants.
    membership.ready().catch(forget);
    const group = { membership, rights };
    this.joined.set(name, group);
    return group;
  }

  private async within(waitMs: number, waiting: Promise<unknown>): Promise<void> {
    let cancel: () => void = () => undefined;
    await Promise.race([waiting, new Promise<void>((resolve) => (cancel = this.clock.after(waitMs, resolve)))]);
    cancel();
  }
}
