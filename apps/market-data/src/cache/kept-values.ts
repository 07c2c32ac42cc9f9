import type { CachedValues } from './cached-values.js';

interface Kept {
  readonly text: string;
  /** When it is to be written again: at once if that was refused, for it may be there or not. */
  readonly untilMs: number;
}

/** Put at a time; Redis answers them together. */
const AT_ONCE = 200;
/** Times to live are less than three such intervals. */
const RENEWALS_UNTIL_GONE = 2;

/**
 * Keeps a set of values in the cache: writes what has changed or would soon be gone, and forgets what is not in the set any
 * more. What the cache refuses is tried again by the next call.
 */
export class KeptValues<Value> {
  private kept = new Map<string, Kept>();

  /** `renewAfterMs`: well before the time to live is over, and more than a third of it. */
  constructor(
    private readonly values: Pick<CachedValues<Value>, 'put' | 'forget'>,
    private readonly renewAfterMs: number,
  ) {}

  async keep(present: ReadonlyMap<string, Value>, nowMs: number): Promise<void> {
    // After `letGo` it is another one: what ends then says nothing of that.
    const { kept } = this;
    const work: (() => Promise<void>)[] = [];
    for (const [name, value] of present) {
      const text = JSON.stringify(value);
      const known = kept.get(name);
      if (known?.text === text && nowMs < known.untilMs) continue;
      work.push(async () => {
        const isTaken = await this.values.put(name, value);
        kept.set(name, { text, untilMs: isTaken ? nowMs + this.renewAfterMs : nowMs });
      });
    }
    for (const [name, { untilMs }] of kept) {
      if (present.has(name)) continue;
      const isGone = nowMs >= untilMs + RENEWALS_UNTIL_GONE * this.renewAfterMs;
      work.push(async () => {
        if ((await this.values.forget(name)) || isGone) kept.delete(name);
      });
    }
    for (let at = 0; at < work.length; at += AT_ONCE) {
      await Promise.all(work.slice(at, at + AT_ONCE).map((step) => step()));
    }
  }

  /** Another process keeps them from now on, and may have written other ones by the time that this one does again. */
  letGo(): void {
    this.kept = new Map();
  }
}
