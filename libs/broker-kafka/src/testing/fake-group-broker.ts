import type { Clock, GroupMember } from '@distributary/distribution-core';
import { type GroupCoordinator, GroupError, type Joined } from '../queue/group-coordinator.js';
import { type GroupTimes, rebalanceTimeoutMs } from '../queue/group-times.js';

interface Member {
  readonly id: string;
  metadata: Buffer;
  grant: Buffer;
  cancelSession: () => void;
  join: Waiter<Joined> | undefined;
  sync: Waiter<Buffer> | undefined;
}

interface Waiter<Answer> {
  resolve(answer: Answer): void;
  reject(error: GroupError): void;
}

/** As Kafka's own coordinator has them; `changing` waits for joins, `sharing` for the leader's grants. */
type GroupState = 'stable' | 'changing' | 'sharing';

class Group {
  readonly members = new Map<string, Member>();
  state: GroupState = 'stable';
  generation = 0;
  leader = '';
  cancelDeadline: () => void = () => undefined;
}

/** Kafka's classic group coordinator in memory: generations, joins that wait for each other, sessions that expire. */
export class FakeGroupBroker {
  private readonly groups = new Map<string, Group>();
  private ids = 0;
  isAway = false;
  /** Heartbeats of those who are no members. */
  strangers = 0;

  constructor(
    private readonly clock: Clock,
    private readonly times: GroupTimes,
    private readonly partitionsOf: (topics: readonly string[]) => Promise<ReadonlyMap<string, number>>,
  ) {}

  generation(name: string): number {
    return this.group(name).generation;
  }

  members(name: string): number {
    return this.group(name).members.size;
  }

  /** As when a coordinator fails over without knowing of it: its oldest member is none any more. */
  forgetOldest(name: string): void {
    const group = this.group(name);
    const [oldest] = group.members.keys();
    if (oldest !== undefined) this.remove(group, oldest);
  }

  /** Whether it may commit. */
  isMember(name: string, member: GroupMember | undefined): boolean {
    const { members, generation, state } = this.group(name);
    if (member === undefined) return members.size === 0;
    return members.has(member.memberId) && member.generation === generation && state !== 'sharing';
  }

  /** One member's line. While it is held up, as that of a stopped process is, nothing that it asks arrives. */
  line(name: string): GroupCoordinator & { isHeldUp: boolean } {
    const group = this.group(name);
    const arriving = async () => {
      await Promise.resolve();
      while (line.isHeldUp) await new Promise<void>((resolve) => this.clock.after(50, resolve));
      if (this.isAway) throw new GroupError('unreachable', 'the broker is away');
    };
    const line = {
      isHeldUp: false,
      join: async (memberId: string, metadata: Buffer) => {
        await arriving();
        return this.join(group, memberId, metadata);
      },
      sync: async (member: GroupMember, grants: ReadonlyMap<string, Buffer>) => {
        await arriving();
        return this.sync(group, member, grants);
      },
      heartbeat: async (member: GroupMember) => {
        await arriving();
        if (!group.members.has(member.memberId)) {
          this.strangers++;
          // As over a wire: never in the same turn.
          await new Promise((resolve) => setImmediate(resolve));
        }
        const present = this.touch(group, member.memberId);
        if (member.generation !== group.generation || group.state !== 'stable') throw changing();
        return void present;
      },
      leave: async (memberId: string) => {
        await arriving();
        this.remove(group, memberId);
      },
      partitions: async (topics: readonly string[]) => {
        await arriving();
        return this.partitionsOf(topics);
      },
      close: () => Promise.resolve(),
    };
    return line;
  }

  private group(name: string): Group {
    const group = this.groups.get(name) ?? new Group();
    this.groups.set(name, group);
    return group;
  }

  private join(group: Group, memberId: string, metadata: Buffer): Promise<Joined> {
    if (memberId === '') throw new GroupError('member_id_required', 'join again', `member-${++this.ids}`);
    const isExpected = group.members.has(memberId) || memberId === `member-${this.ids}` || this.isFresh(memberId);
    if (!isExpected) throw new GroupError('unknown_member', 'who is that');
    this.known.add(memberId);
    const member = group.members.get(memberId) ?? newMember(memberId);
    group.members.set(memberId, member);
    member.metadata = metadata;
    member.cancelSession();
    if (group.state !== 'changing') this.beginChange(group);
    return new Promise((resolve, reject) => {
      member.join = { resolve, reject };
      this.completeJoin(group);
    });
  }

  /** Ids that were used: whoever was removed does not come back under the same. */
  private readonly known = new Set<string>();

  private isFresh(memberId: string): boolean {
    return !this.known.has(memberId) && Number(memberId.slice('member-'.length)) <= this.ids;
  }

  private beginChange(group: Group): void {
    group.state = 'changing';
    for (const { sync } of group.members.values()) sync?.reject(changing());
    for (const member of group.members.values()) member.sync = undefined;
    group.cancelDeadline();
    group.cancelDeadline = this.clock.after(rebalanceTimeoutMs(this.times), () => {
      for (const member of [...group.members.values()]) if (member.join === undefined) this.remove(group, member.id);
      this.completeJoin(group);
    });
  }

  private completeJoin(group: Group): void {
    const members = [...group.members.values()];
    if (group.state !== 'changing' || members.some(({ join }) => join === undefined)) return;
    group.cancelDeadline();
    if (members.length === 0) return;
    group.generation++;
    group.state = 'sharing';
    if (!group.members.has(group.leader)) group.leader = members[0].id;
    const introductions = members.map(({ id, metadata }) => ({ memberId: id, metadata }));
    for (const member of members) {
      const isLeader = member.id === group.leader;
      const { join } = member;
      member.join = undefined;
      this.armSession(group, member);
      join?.resolve({
        memberId: member.id,
        generation: group.generation,
        isLeader,
        members: isLeader ? introductions : [],
      });
    }
  }

  private sync(group: Group, { memberId, generation }: GroupMember, grants: ReadonlyMap<string, Buffer>) {
    const member = this.touch(group, memberId);
    if (generation !== group.generation || group.state === 'changing') throw changing();
    if (group.state === 'stable') return member.grant;
    return new Promise<Buffer>((resolve, reject) => {
      member.sync = { resolve, reject };
      if (memberId !== group.leader) return;
      group.state = 'stable';
      for (const each of group.members.values()) {
        each.grant = grants.get(each.id) ?? Buffer.alloc(0);
        each.sync?.resolve(each.grant);
        each.sync = undefined;
      }
    });
  }

  private touch(group: Group, memberId: string): Member {
    const member = group.members.get(memberId);
    if (member === undefined) throw new GroupError('unknown_member', 'who is that');
    this.armSession(group, member);
    return member;
  }

  private armSession(group: Group, member: Member): void {
    member.cancelSession();
    member.cancelSession = this.clock.after(this.times.sessionTimeoutMs, () => this.remove(group, member.id));
  }

  private remove(group: Group, memberId: string): void {
    const member = group.members.get(memberId);
    if (member === undefined) return;
    member.cancelSession();
    group.members.delete(memberId);
    member.join?.reject(new GroupError('unknown_member', 'removed'));
    member.sync?.reject(new GroupError('unknown_member', 'removed'));
    if (group.state !== 'changing') this.beginChange(group);
    this.completeJoin(group);
  }
}

const changing = () => new GroupError('changing', 'the group changes');

const newMember = (id: string): Member => ({
  id,
  metadata: Buffer.alloc(0),
  grant: Buffer.alloc(0),
  cancelSession: () => undefined,
  join: undefined,
  sync: undefined,
});
