import type { CachedValues } from './cached-values.js';

interface Kept {
  readonly text: string;
  readonly untilMs: number;
}

/** Put at a time; Redis answers them together. */
const AT_ONCE = 200;

/** Keeps a set of values in the cache: writes what has changed or would soon be gone, and forgets what is not in the set any more. */
export class KeptValues<Value> {
  private kept = new Map<string, Kept>();

  /** `renewAfterMs`: well before the time to live is over. */
  constructor(
    private readonly values: Pick<CachedValues<Value>, 'put' | 'forget'>,
    private readonly renewAfterMs: number,
  ) {}

  async keep(present: ReadonlyMap<string, Value>, nowMs: number): Promise<void> {
    const next = new Map<string, Kept>();
    const work: (() => Promise<void>)[] = [];
    for (const [name, value] of present) {
      const text = JSON.stringify(value);
      const known = this.kept.get(name);
      const isGood = known?.text === text && nowMs < known.untilMs;
      next.set(name, isGood ? known : { text, untilMs: nowMs + this.renewAfterMs });
      if (!isGood) work.push(() => this.values.put(name, value));
    }
    for (const name of this.kept.keys()) if (!present.has(name)) work.push(() => this.values.forget(name));
    this.kept = next;
    for (let at = 0; at < work.length; at += AT_ONCE) {
      await Promise.all(work.slice(at, at + AT_ONCE).map((step) => step()));
    }
  }

  /** Another process keeps them from now on, and may have written other ones by the time that this one does again. */
  letGo(): void {
    this.kept.clear();
  }
}
