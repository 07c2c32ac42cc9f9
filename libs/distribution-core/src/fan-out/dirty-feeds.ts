import type { Feed } from './feed.js';

/** Of the two lists that a feed may be in: which bit of its `dirt` says so. */
export const RELAXED = 1;
export const PRESSING = 2;

/**
 * Feeds with something to write, each once. Whether a feed is among them it knows itself: a set would look that up for every
 * event that it matches. What was deleted stays in the list until the next `take`, so the list is no longer than the additions
 * since the last one.
 */
export class DirtyFeeds {
  private listed: Feed[] = [];
  private count = 0;

  constructor(private readonly bit: number) {}

  get size(): number {
    return this.count;
  }

  add(feed: Feed): void {
    if ((feed.dirt & this.bit) !== 0) return;
    feed.dirt |= this.bit;
    this.count++;
    this.listed.push(feed);
  }

  delete(feed: Feed): void {
    if ((feed.dirt & this.bit) === 0) return;
    feed.dirt &= ~this.bit;
    this.count--;
  }

  /** All of them, in the order in which they came; none is left. */
  take(): Feed[] {
    const taken: Feed[] = [];
    for (const feed of this.listed) {
      if ((feed.dirt & this.bit) === 0) continue;
      feed.dirt &= ~this.bit;
      taken.push(feed);
    }
    this.listed = [];
    this.count = 0;
    return taken;
  }
}
