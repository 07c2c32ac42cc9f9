import type { Clock } from '../ports/clock.port.js';
import type { CatchUp } from './catch-up.js';
import { type Feed, type FlushTime, flushTime } from './feed.js';
import type { FeedTable } from './feed-table.js';
import type { Member } from './member.js';
import { SlicedWalk } from './sliced-walk.js';
import { MIN_UNCONFIRMED_LIMIT_BYTES } from './unconfirmed-window.js';

export interface FeedUpkeepLimits {
  readonly positionEveryMs: number;
  readonly blockTimeoutMs: number;
}

export interface FeedUpkeepDependencies {
  readonly clock: Clock;
  readonly feeds: FeedTable;
  readonly catchUp: CatchUp;
  readonly limits: FeedUpkeepLimits;
  readonly detach: (member: Member) => void;
}

const TICK_MS = 50;
/** They are looked at this often in the time in which each lane must be told, so that none is told later. */
const POSITIONS_ROUNDS = 4;

/** What happens by the clock rather than by events: positions and marks after quiet, rates, readers that are stuck. */
export class FeedUpkeep {
  private cancelTick: () => void = () => undefined;
  private tickedAtMs: number;
  private positionsRoundAtMs: number;
  private readonly positionsWalk: SlicedWalk<Feed>;
  private readonly marksWalk: SlicedWalk<Feed>;
  private isStopped = false;

  constructor(private readonly deps: FeedUpkeepDependencies) {
    this.tickedAtMs = flushTime(deps.clock).nowMs;
    this.positionsRoundAtMs = this.tickedAtMs;
    this.positionsWalk = new SlicedWalk(deps.clock, deps.feeds);
    this.marksWalk = new SlicedWalk(deps.clock, deps.feeds);
    this.schedule();
  }

  stop(): void {
    this.isStopped = true;
    this.cancelTick();
  }

  private schedule(): void {
    this.cancelTick = this.deps.clock.after(TICK_MS, () => {
      this.tick();
      if (!this.isStopped) this.schedule();
    });
  }

  private tick(): void {
    const { clock, feeds } = this.deps;
    const time = flushTime(clock);
    const elapsedMs = time.nowMs - this.tickedAtMs;
    this.tickedAtMs = time.nowMs;
    this.tellPositions(time);
    this.marksWalk.step((feed) => feed.markIdle(time));
    for (const feed of feeds.values()) {
      followRate(feed, elapsedMs);
      for (const member of feed.paced) member.refillRate(elapsedMs);
      for (const member of feed.behind) this.serve(member, time.nowMs);
    }
    feeds.countBehind();
  }

  private tellPositions(time: FlushTime): void {
    const { positionEveryMs } = this.deps.limits;
    const roundMs = positionEveryMs / POSITIONS_ROUNDS;
    if (!this.positionsWalk.isUnderWay) {
      if (time.nowMs - this.positionsRoundAtMs < roundMs) return;
      this.positionsRoundAtMs = time.nowMs;
    }
    this.positionsWalk.step((feed) => feed.tellOverduePositions(time, positionEveryMs - roundMs));
  }

  private serve(member: Member, nowMs: number): void {
    const isStuck = !member.hasRoom && nowMs - member.progressAtMs > this.deps.limits.blockTimeoutMs;
    if (isStuck && member.state === 'behind') {
      this.deps.detach(member);
      member.outlet.close('too_slow');
      return;
    }
    this.deps.catchUp.serve(member);
  }
}

/** What may be unconfirmed grows with what flows. */
function followRate(feed: Feed, elapsedMs: number): void {
  const bytesPerSecond = (feed.takeWrittenBytes() * 1000) / Math.max(1, elapsedMs);
  if (bytesPerSecond <= MIN_UNCONFIRMED_LIMIT_BYTES) return;
  for (const member of feed.live) {
    if (bytesPerSecond > member.outlet.limitBytes) member.outlet.setRate(bytesPerSecond);
  }
}
