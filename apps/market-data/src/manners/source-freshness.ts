import { LRUCache } from 'lru-cache';

export interface FreshnessLimits {
  /** A source that is silent for so long is stale. */
  readonly staleAfterMs: number;
  /** Beyond it the source that was silent the longest is forgotten. */
  readonly maxSources: number;
}

export const FRESHNESS_LIMITS: FreshnessLimits = { staleAfterMs: 30_000, maxSources: 1_000 };

interface SourceState {
  readonly tenant: string;
  readonly source: string;
  heardMs: number;
  isStale: boolean;
}

/** Which sources of all tenants have gone silent. Each silence is told once, and its end. */
export class SourceFreshness {
  private readonly sources: LRUCache<string, SourceState>;

  constructor(
    private readonly onStale: (tenant: string, source: string, silentMs: number) => void,
    private readonly onFresh: (tenant: string, source: string, silentMs: number) => void,
    private readonly limits: FreshnessLimits = FRESHNESS_LIMITS,
    private readonly onForgotten: () => void = () => undefined,
  ) {
    this.sources = new LRUCache<string, SourceState>({
      max: limits.maxSources,
      dispose: (_state, _source, reason) => reason === 'evict' && this.onForgotten(),
    });
  }

  get staleSources(): number {
    let count = 0;
    for (const state of this.sources.values()) if (state.isStale) count++;
    return count;
  }

  /** `tenant`: whose source it is; others may have one of the same name. `nowMs`: of a clock that never goes back. */
  heard(tenant: string, source: string, nowMs: number): void {
    const key = `${tenant}\n${source}`;
    const state = this.sources.get(key);
    if (state === undefined) {
      this.sources.set(key, { tenant, source, heardMs: nowMs, isStale: false });
      return;
    }
    const silentMs = nowMs - state.heardMs;
    state.heardMs = nowMs;
    if (!state.isStale) return;
    state.isStale = false;
    this.onFresh(tenant, source, silentMs);
  }

  /** To be asked often enough: a silence is noticed here. */
  check(nowMs: number): void {
    for (const state of this.sources.values()) {
      const silentMs = nowMs - state.heardMs;
      if (state.isStale || silentMs < this.limits.staleAfterMs) continue;
      state.isStale = true;
      this.onStale(state.tenant, state.source, silentMs);
    }
  }
}
