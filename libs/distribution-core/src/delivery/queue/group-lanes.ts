import { DistributionError } from '../../errors/distribution-error.js';
import { type LaneName, laneName } from '../../lane.js';
import type { Clock } from '../../ports/clock.port.js';
import type { StoredPosition } from '../../ports/cursor-store.port.js';
import type { LaneGroupEvents, LaneMembership, LanePlace } from '../../ports/lane-groups.port.js';
import type { GroupMember, Log } from '../../ports/log.port.js';
import type { QueueOptions } from '../../ports/queue.port.js';
import type { PositionKeeper } from './position-keeper.js';
import type { QueueSubscription } from './queue-subscription.js';

const RETRY_MS = 500;
/** Each of them waits for a newer membership, so more would not help. */
const MAX_COMMIT_TRIES = 5;

export interface GroupLanesOptions {
  readonly log: Log;
  readonly clock: Clock;
  readonly group: string;
  readonly start: QueueOptions['start'];
  readonly onEnded: () => void;
}

type WorkedLanes = Pick<QueueSubscription, 'takeUp' | 'release' | 'drop' | 'pause' | 'resume'>;

/**
 * Between a subscription and the group that its lanes come from: takes lanes up and lets go of them as the group says, and
 * stores positions as the group's member, so that the broker refuses them once the lanes are others'.
 */
export class GroupLanes implements LaneGroupEvents, PositionKeeper {
  readonly keepsAbove = false;
  /** Lanes that are this process's now; one that came again since is another one. */
  private readonly mine = new Map<LaneName, LanePlace>();
  /** The same, with those that are on their way out: of these, too, positions are stored. */
  private readonly held = new Map<LaneName, LanePlace>();
  private membership: LaneMembership | undefined;
  private subscription: WorkedLanes | undefined;

  constructor(private readonly options: GroupLanesOptions) {}

  /** Before either is used. */
  connect(subscription: WorkedLanes, membership: LaneMembership): void {
    this.subscription = subscription;
    this.membership = membership;
  }

  load(): Promise<readonly StoredPosition[]> {
    return this.options.log.committed(this.options.group);
  }

  async store(positions: readonly StoredPosition[]): Promise<void> {
    const { log, group } = this.options;
    const plain = positions.map(({ topic, partition, epoch, position }) => ({ topic, partition, epoch, position }));
    const given = positions.map((position) => this.held.get(laneName(position)));
    let refused: GroupMember | undefined;
    for (let tries = 1; ; tries++) {
      const member: GroupMember = await this.member(refused);
      // It may be the name of a later membership, when others have gone on with these lanes.
      if (!given.every((lane) => this.isHeld(lane))) {
        throw new DistributionError('generation.stale', 'the lanes were lost');
      }
      try {
        return await log.commit({ group, positions: plain, member });
      } catch (error) {
        if (!isStale(error) || tries >= MAX_COMMIT_TRIES) throw error;
        refused = member;
      }
    }
  }

  async onAssigned(lanes: readonly LanePlace[]): Promise<void> {
    for (const lane of lanes) {
      this.mine.set(laneName(lane), lane);
      this.held.set(laneName(lane), lane);
    }
    for (;;) {
      // One that came again meanwhile is another one, and taken up by that call.
      const left = new Map(
        lanes.filter((lane) => this.mine.get(laneName(lane)) === lane).map((lane) => [laneName(lane), lane]),
      );
      if (left.size === 0) return;
      const isMine = (place: LanePlace) => {
        const lane = left.get(laneName(place));
        return lane !== undefined && this.mine.get(laneName(place)) === lane;
      };
      try {
        await this.subscription?.takeUp(lanes, this.options.start, isMine);
        return;
      } catch (error) {
        // The catalog will say so, too.
        if (error instanceof DistributionError && error.code === 'topic.not_found') return;
        await new Promise<void>((resolve) => this.options.clock.after(RETRY_MS, resolve));
      }
    }
  }

  async onRevoked(lanes: readonly LanePlace[], waitMs: number): Promise<void> {
    for (const lane of lanes) this.mine.delete(laneName(lane));
    await this.subscription?.release(lanes, waitMs);
    // One that came again meanwhile is another one.
    for (const lane of lanes) if (!this.mine.has(laneName(lane))) this.held.delete(laneName(lane));
  }

  onLost(lanes: readonly LanePlace[]): void {
    for (const lane of lanes) {
      this.mine.delete(laneName(lane));
      this.held.delete(laneName(lane));
    }
    void this.subscription?.drop(lanes);
  }

  onSuspended(): void {
    this.subscription?.pause();
  }

  onResumed(): void {
    this.subscription?.resume();
  }

  onEnded(): void {
    this.options.onEnded();
  }

  private isHeld(lane: LanePlace | undefined): boolean {
    return lane !== undefined && this.held.get(laneName(lane)) === lane;
  }

  private async member(refused: GroupMember | undefined): Promise<GroupMember> {
    if (this.membership === undefined) throw new DistributionError('generation.stale', 'not a member of the group');
    return this.membership.member(refused);
  }
}

const isStale = (error: unknown): boolean => error instanceof DistributionError && error.code === 'generation.stale';
