/** Priorities are 1, the most urgent, to this. */
export const LEAST_URGENT = 9;

/**
 * Feeds with something to write, by slot, each once, as urgent as the most urgent thing that it has. Whether a feed is among them
 * says an array of bytes: a set, or the feed itself, would have to be looked up for every event that it matches. What was deleted
 * stays in its list until the next `take`, so the lists are no longer than the additions since the last one.
 */
export class DirtyFeeds {
  /** By slot; 0: it is not among them. */
  private priorities = new Uint8Array(64);
  private readonly listed: number[][] = Array.from({ length: LEAST_URGENT + 1 }, () => []);
  private count = 0;

  get size(): number {
    return this.count;
  }

  add(slot: number, priority: number): void {
    if (slot >= this.priorities.length) this.grow(slot);
    const before = this.priorities[slot];
    if (before !== 0 && before <= priority) return;
    if (before === 0) this.count++;
    this.priorities[slot] = priority;
    this.listed[priority].push(slot);
  }

  delete(slot: number): void {
    if (slot < 0 || slot >= this.priorities.length || this.priorities[slot] === 0) return;
    this.priorities[slot] = 0;
    this.count--;
  }

  /** All of them; none is left. The most urgent are the last ones, and of those that are alike the one that came first. */
  take(): number[] {
    const taken: number[] = [];
    for (let priority = LEAST_URGENT; priority >= 1; priority--) {
      const listed = this.listed[priority];
      if (listed.length === 0) continue;
      const start = taken.length;
      for (const slot of listed) {
        if (this.priorities[slot] !== priority) continue;
        this.priorities[slot] = 0;
        taken.push(slot);
      }
      reverse(taken, start);
      this.listed[priority] = [];
    }
    this.count = 0;
    return taken;
  }

  private grow(slot: number): void {
    const grown = new Uint8Array(Math.max(slot + 1, this.priorities.length * 2));
    grown.set(this.priorities);
    this.priorities = grown;
  }
}

function reverse(list: number[], start: number): void {
  for (let low = start, high = list.length - 1; low < high; low++, high--) {
    const slot = list[low];
    list[low] = list[high];
    list[high] = slot;
  }
}
