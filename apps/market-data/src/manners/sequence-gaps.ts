import type { AssetClass } from '@distributary/contracts';
import { LRUCache } from 'lru-cache';

/** What a source numbers together: a channel of it, or else a symbol at an exchange. */
export interface SequenceStream {
  readonly source: string;
  readonly channel?: string;
  readonly symbol?: string;
  readonly exchange?: string;
  /** Of the symbol; nothing that tells streams apart. */
  readonly assetClass?: AssetClass;
}

/** Numbers that never came, both ends included. */
export interface SequenceGap extends SequenceStream {
  readonly first: number;
  readonly last: number;
}

/**
 * What came of a number: `gap` = some before it are missing, `filled` = it was missing, `repeated` = it had come already,
 * `doubted` = it is too far from the others to be believed before another one follows it.
 */
export type SequenceOutcome = 'first' | 'next' | 'gap' | 'filled' | 'repeated' | 'reset' | 'doubted';

export interface SequenceLimits {
  /** Beyond it the stream that was silent the longest is forgotten, once its gaps are announced. */
  readonly maxStreams: number;
  /** Of a stream, not yet announced. Beyond it the oldest is announced before its time. */
  readonly maxOpenGaps: number;
  /** What comes late within it closes its gap: the lanes of a topic and two connections of a source are not in step. */
  readonly graceMs: number;
  /** A number of 0 or 1 that is further back than this begins a new count, as feeds do every morning. */
  readonly resetDistance: number;
  /** A number that is further from the newest one is no gap: it is an error, or, once another follows it, a new count. */
  readonly maxJump: number;
}

export const SEQUENCE_LIMITS: SequenceLimits = {
  maxStreams: 100_000,
  maxOpenGaps: 64,
  graceMs: 1_000,
  resetDistance: 1_000,
  maxJump: 1_000_000,
};

interface OpenGap {
  first: number;
  last: number;
  readonly sinceMs: number;
}

interface StreamState {
  readonly tenant: string;
  readonly stream: SequenceStream;
  newest: number;
  /** The one that came last, if that was too far from the newest. */
  doubted: number | undefined;
  /** In their order, which is also that of their age. */
  open: OpenGap[];
}

/** Numbers that never came, of as many streams of all tenants as there is room for. Each missing number is announced once. */
export class SequenceGaps {
  private readonly streams: LRUCache<string, StreamState>;
  private readonly withGaps = new Set<StreamState>();

  constructor(
    private readonly onGap: (tenant: string, gap: SequenceGap) => void,
    private readonly limits: SequenceLimits = SEQUENCE_LIMITS,
    private readonly onForgotten: () => void = () => undefined,
  ) {
    this.streams = new LRUCache<string, StreamState>({
      max: limits.maxStreams,
      dispose: (state, _key, reason) => {
        if (reason !== 'evict') return;
        this.announce(state, state.open.length);
        this.onForgotten();
      },
    });
  }

  get size(): number {
    return this.streams.size;
  }

  /** `tenant`: whose stream it is; others may have one of the same name. `nowMs`: of a clock that never goes back. */
  observe(tenant: string, stream: SequenceStream, sequence: number, nowMs: number): SequenceOutcome {
    const key = `${tenant}\n${keyOf(stream)}`;
    const state = this.streams.get(key);
    if (state === undefined) {
      this.streams.set(key, { tenant, stream, newest: sequence, doubted: undefined, open: [] });
      return 'first';
    }
    if (sequence <= 1 && state.newest - sequence > this.limits.resetDistance) return this.beginAt(state, sequence);
    if (Math.abs(sequence - state.newest) > this.limits.maxJump) return this.doubt(state, sequence, nowMs);
    state.doubted = undefined;
    if (sequence > state.newest) return this.advance(state, sequence, nowMs);
    return this.fill(state, sequence) ? 'filled' : 'repeated';
  }

  private advance(state: StreamState, sequence: number, nowMs: number): 'next' | 'gap' {
    const first = state.newest + 1;
    state.newest = sequence;
    if (sequence === first) return 'next';
    state.open.push({ first, last: sequence - 1, sinceMs: nowMs });
    this.withGaps.add(state);
    this.keepWithin(state);
    return 'gap';
  }

  /** One number alone says nothing; a second one that follows it says that the source counts there now. */
  private doubt(state: StreamState, sequence: number, nowMs: number): 'doubted' | 'reset' {
    const before = state.doubted;
    state.doubted = sequence;
    if (before === undefined || sequence <= before || sequence - before > this.limits.maxJump) return 'doubted';
    const outcome = this.beginAt(state, before);
    this.advance(state, sequence, nowMs);
    return outcome;
  }

  /** What was missing before stays so. */
  private beginAt(state: StreamState, sequence: number): 'reset' {
    this.announce(state, state.open.length);
    state.newest = sequence;
    state.doubted = undefined;
    return 'reset';
  }

  /** Announces what has been missing for longer than the grace. */
  due(nowMs: number): void {
    for (const state of this.withGaps) {
      const fresh = state.open.findIndex(({ sinceMs }) => nowMs - sinceMs < this.limits.graceMs);
      this.announce(state, fresh < 0 ? state.open.length : fresh);
    }
  }

  private fill(state: StreamState, sequence: number): boolean {
    const at = state.open.findIndex(({ first, last }) => first <= sequence && sequence <= last);
    if (at < 0) return false;
    const gap = state.open[at];
    if (gap.first === gap.last) state.open.splice(at, 1);
    else if (sequence === gap.first) gap.first++;
    else if (sequence === gap.last) gap.last--;
    else {
      state.open.splice(at, 1, { ...gap, last: sequence - 1 }, { ...gap, first: sequence + 1 });
      this.keepWithin(state);
    }
    if (state.open.length === 0) this.withGaps.delete(state);
    return true;
  }

  private keepWithin(state: StreamState): void {
    const { maxOpenGaps } = this.limits;
    if (state.open.length > maxOpenGaps) this.announce(state, state.open.length - maxOpenGaps);
  }

  /** The first so many. */
  private announce(state: StreamState, count: number): void {
    for (const { first, last } of state.open.splice(0, count))
      this.onGap(state.tenant, { ...state.stream, first, last });
    if (state.open.length === 0) this.withGaps.delete(state);
  }
}

/** As many lines as there are parts, so that no channel is taken for a symbol. */
const keyOf = ({ source, channel, symbol, exchange }: SequenceStream): string =>
  channel === undefined ? `${source}\n\n${exchange}\n${symbol}` : `${source}\n${channel}`;
