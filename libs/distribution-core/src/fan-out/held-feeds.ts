import type { Clock } from '../ports/clock.port.js';
import type { Counter, Metrics } from '../ports/metrics.port.js';
import type { EgressShare } from './egress-share.js';
import type { Feed } from './feed.js';

/** Of one feed, while its tenant waits for its share of the egress. */
const MAX_HELD_EVENTS = 2_000;

/** Feeds whose tenants have used up their share: they are left out of the rounds until it is their turn again. */
export class HeldFeeds {
  private egress: EgressShare | undefined;
  private readonly held = new Set<Feed>();
  private cancel: (() => void) | undefined;
  private readonly heldBack: Counter;
  private readonly sentBack: Counter;

  constructor(
    private readonly clock: Clock,
    metrics: Metrics,
    private readonly onRelease: (feeds: Iterable<Feed>) => void,
  ) {
    this.heldBack = metrics.counter(
      'fan_out_held_flushes_total',
      'Flushes that waited because their tenant had used up its share of the egress',
    );
    this.sentBack = metrics.counter(
      'fan_out_sent_back_total',
      'Subscriptions that were sent back to be served later because too much waited for their tenant',
    );
  }

  /** Undefined: nobody is held back, and nothing is counted. */
  limit(egress: EgressShare | undefined): void {
    this.egress = egress;
    if (egress === undefined) this.release();
  }

  /**
   * Whether its events have to wait. If they become too many, its members go back to be served from the segments, so that
   * nothing piles up here.
   */
  isHeldBack(feed: Feed): boolean {
    if (this.egress === undefined || feed.live.length === 0 || this.egress.mayFlush(feed.tenant)) return false;
    if (feed.pendingEvents() > MAX_HELD_EVENTS) {
      this.sentBack.add(feed.live.length);
      const positions = feed.positions();
      for (const member of [...feed.live]) member.standAt(positions);
      return false;
    }
    this.held.add(feed);
    this.heldBack.add();
    this.cancel ??= this.clock.after(this.egress.waitMs(), () => this.release());
    return true;
  }

  flushed(feed: Feed): void {
    this.egress?.sent(feed.tenant, feed.flushedBytes);
  }

  forget(feed: Feed): void {
    this.held.delete(feed);
  }

  stop(): void {
    this.cancel?.();
  }

  private release(): void {
    this.cancel?.();
    this.cancel = undefined;
    const feeds = [...this.held];
    this.held.clear();
    this.onRelease(feeds);
  }
}
