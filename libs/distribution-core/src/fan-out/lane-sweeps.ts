import type { LaneState } from './lane-state.js';
import { LaneSweep, type LaneSweepDependencies } from './lane-sweep.js';
import type { FeedLane } from './feed.js';
import type { Member } from './member.js';

/** The rest is for what lanes have just read: who gives to whom is not asked while there is enough. */
const SHARED_PART = 0.7;
/** Of what has been read, a lane keeps no more than this. */
const MAX_SHARE_BYTES = 4 * 1024 * 1024;
/** However many lanes are read, one of them keeps so much. */
const MIN_SHARE_BYTES = 64 * 1024;

/** Who waits for events that are only in the broker: one sweep per lane, however many wait. */
export class LaneSweeps {
  private readonly sweeps = new Map<LaneState, LaneSweep>();
  private readonly dependencies: Omit<LaneSweepDependencies, 'onServed' | 'shareBytes'>;
  onServed: (member: Member) => void = () => undefined;

  constructor(dependencies: Omit<LaneSweepDependencies, 'onServed' | 'shareBytes'>) {
    this.dependencies = dependencies;
  }

  wait(member: Member, lane: FeedLane): void {
    let sweep = this.sweeps.get(lane.state);
    if (sweep === undefined) {
      sweep = new LaneSweep(lane.state, {
        ...this.dependencies,
        shareBytes: () => this.shareBytes(),
        onServed: (served) => this.onServed(served),
      });
      this.sweeps.set(lane.state, sweep);
    }
    sweep.wait(member, lane);
  }

  forget(state: LaneState): void {
    this.sweeps.get(state)?.stop();
    this.sweeps.delete(state);
  }

  /** The more lanes are read, the less of each is kept. */
  private shareBytes(): number {
    let underway = 0;
    for (const sweep of this.sweeps.values()) if (sweep.isUnderway) underway++;
    const share = (this.dependencies.budget.limitBytes * SHARED_PART) / Math.max(1, underway);
    return Math.min(MAX_SHARE_BYTES, Math.max(MIN_SHARE_BYTES, share));
  }
}
