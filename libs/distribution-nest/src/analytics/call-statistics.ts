import {
  type Clock,
  type Counter,
  emptyTally,
  figuresOf,
  type Histogram,
  type Metrics,
  RollingSeries,
  type WindowName,
} from '@distributary/distribution-core';

export type CallOutcome = 'ok' | 'client_error' | 'server_error';

export interface Call {
  /** `rest`, `grpc`, `websocket-json`, … */
  readonly door: string;
  /** A pattern of paths, a method, a command: never what a caller made up. */
  readonly route: string;
  /** Who called, as the principal is known; `anonymous` if nobody was established. */
  readonly key: string;
  readonly tenant: string;
  readonly outcome: CallOutcome;
  /** Undefined for what lasts as long as its caller likes. */
  readonly durationMs: number | undefined;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface CallLimits {
  /** Pairs of route and key with figures of their own; further keys share one, then further routes. */
  readonly maxSeries: number;
  /** Distinct keys in the metrics. */
  readonly maxKeys: number;
}

export const DEFAULT_CALL_LIMITS: CallLimits = { maxSeries: 400, maxKeys: 100 };

const OTHER = 'other';
const FORGET_AFTER_MS = 3_600_000;
const BUCKETS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000];

interface PairSeries {
  readonly door: string;
  readonly route: string;
  readonly key: string;
  readonly tenant: string;
  /** Events: calls; failed: server errors; dropped: client errors. */
  readonly calls: RollingSeries;
  readonly bytesOut: RollingSeries;
}

interface Instruments {
  readonly calls: Readonly<Record<CallOutcome, Counter>>;
  readonly duration: Histogram;
  readonly bytesIn: Counter;
  readonly bytesOut: Counter;
}

export interface CallFigures {
  readonly windowMs: number;
  readonly coveredMs: number;
  readonly calls: number;
  readonly callsPerSecond: number;
  readonly clientErrors: number;
  readonly serverErrors: number;
  readonly errorRate: number | undefined;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly latencyMs:
    { readonly p50: number; readonly p95: number; readonly p99: number; readonly max: number } | undefined;
}

export interface GroupedCalls extends CallFigures {
  readonly door: string | undefined;
  readonly route: string | undefined;
  readonly key: string | undefined;
}

export type CallGrouping = 'route' | 'key' | 'both';

/** Calls of every door by route and key, over the last hour and in the metrics. Bounded in both. */
export class CallStatistics {
  private readonly limits: CallLimits;
  private readonly pairs = new Map<string, PairSeries>();
  private readonly instruments = new Map<string, Instruments>();
  private readonly keyCounters = new Map<string, Counter>();
  private readonly startedMs: number;

  constructor(
    private readonly clock: Clock,
    private readonly metrics: Metrics,
    limits: Partial<CallLimits> = {},
  ) {
    this.limits = { ...DEFAULT_CALL_LIMITS, ...limits };
    this.startedMs = clock.monotonicMs();
  }

  record(call: Call): void {
    const nowMs = this.clock.monotonicMs();
    const { calls, bytesOut } = this.pairOf(call, nowMs);
    calls.arrived(nowMs, 1, call.bytesIn);
    bytesOut.arrived(nowMs, 0, call.bytesOut);
    if (call.durationMs !== undefined) calls.delivered(nowMs, call.durationMs, 1);
    if (call.outcome !== 'ok') calls.lost(nowMs, 1, call.outcome === 'client_error');
    this.count(call);
  }

  /** The busiest first. `tenant` undefined: of all. */
  figures(window: WindowName, by: CallGrouping, tenant: string | undefined): GroupedCalls[] {
    const groups = new Map<string, PairSeries[]>();
    for (const pair of this.pairs.values()) {
      if (tenant !== undefined && pair.tenant !== tenant) continue;
      const name = by === 'route' ? `${pair.door} ${pair.route}` : by === 'key' ? pair.key : pairKey(pair);
      const group = groups.get(name);
      if (group === undefined) groups.set(name, [pair]);
      else group.push(pair);
    }
    return [...groups.values()]
      .map((group) => ({
        door: by === 'key' ? undefined : group[0].door,
        route: by === 'key' ? undefined : group[0].route,
        key: by === 'route' ? undefined : group[0].key,
        ...this.sum(group, window),
      }))
      .filter(({ calls }) => calls > 0)
      .sort((a, b) => b.calls - a.calls);
  }

  private sum(pairs: readonly PairSeries[], window: WindowName): CallFigures {
    const nowMs = this.clock.monotonicMs();
    const calls = emptyTally();
    const out = emptyTally();
    for (const pair of pairs) {
      pair.calls.sumInto(calls, window, nowMs);
      pair.bytesOut.sumInto(out, window, nowMs);
    }
    const figures = figuresOf(calls, window, nowMs, nowMs - this.startedMs);
    const errors = calls.failed + calls.dropped;
    return {
      windowMs: figures.windowMs,
      coveredMs: figures.coveredMs,
      calls: calls.events,
      callsPerSecond: figures.eventsPerSecond,
      clientErrors: calls.dropped,
      serverErrors: calls.failed,
      errorRate: calls.events === 0 ? undefined : errors / calls.events,
      bytesIn: calls.bytes,
      bytesOut: out.bytes,
      latencyMs: figures.latencyMs,
    };
  }

  private pairOf(call: Call, nowMs: number): PairSeries {
    const known = this.pairs.get(pairKey(call));
    if (known !== undefined) return known;
    if (this.pairs.size >= this.limits.maxSeries) this.forgetSilent(nowMs);
    // A few places are kept for what does not fit in.
    if (this.pairs.size < this.limits.maxSeries) return this.newPair(call, nowMs);
    const shared = { ...call, key: OTHER, tenant: OTHER };
    const ofRoute = this.pairs.get(pairKey(shared));
    if (ofRoute !== undefined) return ofRoute;
    if (this.pairs.size < this.limits.maxSeries * 2) return this.newPair(shared, nowMs);
    const other = { ...shared, door: OTHER, route: OTHER };
    return this.pairs.get(pairKey(other)) ?? this.newPair(other, nowMs);
  }

  private newPair(
    { door, route, key, tenant }: Pick<Call, 'door' | 'route' | 'key' | 'tenant'>,
    nowMs: number,
  ): PairSeries {
    const calls = new RollingSeries(nowMs);
    const pair: PairSeries = { door, route, key, tenant, calls, bytesOut: new RollingSeries(nowMs) };
    this.pairs.set(pairKey(pair), pair);
    return pair;
  }

  private forgetSilent(nowMs: number): void {
    for (const [key, { calls }] of this.pairs) if (nowMs - calls.touchedMs > FORGET_AFTER_MS) this.pairs.delete(key);
  }

  private count({ door, route, key, outcome, durationMs, bytesIn, bytesOut }: Call): void {
    const instruments = this.instrumentsOf(door, route);
    instruments.calls[outcome].add();
    if (durationMs !== undefined) instruments.duration.observe(durationMs);
    if (bytesIn > 0) instruments.bytesIn.add(bytesIn);
    if (bytesOut > 0) instruments.bytesOut.add(bytesOut);
    this.keyCounter(key).add();
  }

  private instrumentsOf(door: string, route: string): Instruments {
    const name = `${door} ${route}`;
    const known = this.instruments.get(name);
    if (known !== undefined) return known;
    if (this.instruments.size >= this.limits.maxSeries && route !== OTHER) return this.instrumentsOf(OTHER, OTHER);
    const calls = (outcome: CallOutcome) =>
      this.metrics.counter('api_calls_total', 'Calls by door, route and outcome', { door, route, outcome });
    const bytes = (direction: 'in' | 'out') =>
      this.metrics.counter('api_bytes_total', 'Bytes of bodies and messages of calls', { door, route, direction });
    const created: Instruments = {
      calls: { ok: calls('ok'), client_error: calls('client_error'), server_error: calls('server_error') },
      duration: this.metrics.histogram(
        'api_call_duration_ms',
        'How long calls took that end by themselves',
        BUCKETS_MS,
        {
          door,
          route,
        },
      ),
      bytesIn: bytes('in'),
      bytesOut: bytes('out'),
    };
    this.instruments.set(name, created);
    return created;
  }

  private keyCounter(key: string): Counter {
    const known = this.keyCounters.get(key);
    if (known !== undefined) return known;
    if (this.keyCounters.size >= this.limits.maxKeys && key !== OTHER) return this.keyCounter(OTHER);
    const counter = this.metrics.counter('api_key_calls_total', 'Calls by key, the first hundred of them', { key });
    this.keyCounters.set(key, counter);
    return counter;
  }
}

const pairKey = ({ door, route, key, tenant }: Pick<Call, 'door' | 'route' | 'key' | 'tenant'>): string =>
  `${door} ${route}\n${tenant}\n${key}`;
