import { DirtyFeeds, LEAST_URGENT } from './dirty-feeds.js';

describe('feeds with something to write', () => {
  it('are taken once each, and then are none; the one that came first is the last of the list', () => {
    const dirty = new DirtyFeeds();
    for (const slot of [7, 3, 7]) dirty.add(slot, 5);
    expect(dirty.size).toBe(2);
    expect(dirty.take()).toEqual([3, 7]);
    expect([dirty.size, dirty.take()]).toEqual([0, []]);
    dirty.add(3, 5);
    expect(dirty.take()).toEqual([3]);
  });

  it('are taken as urgent as the most urgent thing that they have, the most urgent last', () => {
    const dirty = new DirtyFeeds();
    dirty.add(1, LEAST_URGENT);
    dirty.add(2, 5);
    dirty.add(3, 3);
    dirty.add(1, 4);
    dirty.add(3, 8);
    expect(dirty.size).toBe(3);
    expect(dirty.take()).toEqual([2, 1, 3]);
    dirty.add(1, LEAST_URGENT);
    expect(dirty.take()).toEqual([1]);
  });

  it('are not taken if they were written meanwhile, and once if they came again', () => {
    const dirty = new DirtyFeeds();
    dirty.add(1, 5);
    dirty.add(200, 5);
    for (const slot of [1, 1, 200, 999, -1]) dirty.delete(slot);
    expect(dirty.size).toBe(0);
    dirty.add(1, 5);
    expect(dirty.size).toBe(1);
    expect(dirty.take()).toEqual([1]);
  });
});
