import { DirtyFeeds, PRESSING, RELAXED } from './dirty-feeds.js';
import type { Feed } from './feed.js';

const feeds = (count: number) => Array.from({ length: count }, () => ({ dirt: 0 }) as Feed);

describe('feeds with something to write', () => {
  it('are taken once each, in the order in which they came, and then are none', () => {
    const [a, b] = feeds(2);
    const dirty = new DirtyFeeds(RELAXED);
    for (const feed of [b, a, b]) dirty.add(feed);
    expect(dirty.size).toBe(2);
    expect(dirty.take()).toEqual([b, a]);
    expect([dirty.size, dirty.take()]).toEqual([0, []]);
    dirty.add(a);
    expect(dirty.take()).toEqual([a]);
  });

  it('are not taken if they were written meanwhile, and once if they came again', () => {
    const [a, b] = feeds(2);
    const dirty = new DirtyFeeds(RELAXED);
    dirty.add(a);
    dirty.add(b);
    for (const feed of [a, a, b]) dirty.delete(feed);
    expect(dirty.size).toBe(0);
    dirty.add(a);
    expect(dirty.size).toBe(1);
    expect(dirty.take()).toEqual([a]);
  });

  it('may be in two lists, and leave each by itself', () => {
    const [a] = feeds(1);
    const relaxed = new DirtyFeeds(RELAXED);
    const pressing = new DirtyFeeds(PRESSING);
    relaxed.add(a);
    pressing.add(a);
    relaxed.delete(a);
    expect([relaxed.size, pressing.size]).toEqual([0, 1]);
    expect(relaxed.take()).toEqual([]);
    expect(pressing.take()).toEqual([a]);
  });
});
