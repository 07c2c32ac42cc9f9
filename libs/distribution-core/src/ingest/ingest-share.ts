import { DistributionError } from '../errors/distribution-error.js';
import type { Clock } from '../ports/clock.port.js';
import type { Counter, Gauge, Metrics } from '../ports/metrics.port.js';

export interface IngestShareLimits {
  /** Ingest's part of a turn of the loop while nothing waits for its delivery; the longer that waits, the smaller it is. */
  readonly turnMs: number;
  /** The same while deliveries are as late as they may be, or later. */
  readonly lateTurnMs: number;
  readonly maxLagMs: number;
  /** While the first of those that wait has waited longer, nobody else may. */
  readonly maxWaitMs: number;
  /** Of all that wait. */
  readonly maxWaitingBytes: number;
}

export const DEFAULT_INGEST_SHARE_LIMITS: IngestShareLimits = {
  turnMs: 20,
  lateTurnMs: 1,
  maxLagMs: 40,
  maxWaitMs: 100,
  maxWaitingBytes: 64 * 1024 * 1024,
};

export interface IngestShareDependencies {
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** How long the events that were delivered last had waited in this process. */
  readonly lagMs: () => number;
  readonly limits?: Partial<IngestShareLimits>;
}

/** After so many times the longest wait, producers may come again. */
const RETRY_WAITS = 2;

interface Waiting {
  readonly bytes: number;
  readonly sinceMs: number;
  readonly begin: () => void;
}

/**
 * The part of the loop that producers may have. Without it, ingest does in each turn whatever has arrived, and under
 * more load than there is time for, events that were accepted wait for their delivery behind those that still come in.
 *
 * What comes beyond its part waits for the next turn, in the order in which it came; a burst is worked off that way. If
 * waiting takes too long, more is coming than can be done: then producers are told to come back later.
 */
export class IngestShare {
  private readonly limits: IngestShareLimits;
  private readonly waiting: Waiting[] = [];
  private waitingBytes = 0;
  private spentMs = 0;
  private isTurnCounted = false;
  private readonly busyTotal: Counter;
  private readonly waitingGauge: Gauge;

  constructor(private readonly deps: IngestShareDependencies) {
    const { metrics, limits } = deps;
    this.limits = { ...DEFAULT_INGEST_SHARE_LIMITS, ...limits };
    this.busyTotal = metrics.counter('ingest_late_total', 'Calls refused because those before them waited too long');
    this.waitingGauge = metrics.gauge('ingest_waiting_bytes', 'Bytes of calls that wait for their turn');
  }

  /**
   * `work` begins at once or in a later turn, in the order of the calls; what it does before it first waits for anything
   * counts. Rejects as it does, or with `ingest.busy`: then it never began.
   */
  run<Result>(bytes: number, work: () => Promise<Result>): Promise<Result> {
    if (this.waiting.length === 0 && this.spentMs < this.turnMs()) return this.begin(work);
    const { clock } = this.deps;
    const { maxWaitMs, maxWaitingBytes } = this.limits;
    const nowMs = clock.monotonicMs();
    const isLate = this.waiting.length > 0 && nowMs - this.waiting[0].sinceMs > maxWaitMs;
    if (isLate || this.waitingBytes + bytes > maxWaitingBytes) {
      this.busyTotal.add();
      const retry = { retryAfterMs: RETRY_WAITS * maxWaitMs };
      return Promise.reject(new DistributionError('ingest.busy', 'more is published than can be delivered', retry));
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ bytes, sinceMs: nowMs, begin: () => void this.begin(work).then(resolve, reject) });
      this.countWaiting(bytes);
      this.countTurn();
    });
  }

  private async begin<Result>(work: () => Promise<Result>): Promise<Result> {
    const { clock } = this.deps;
    const startedMs = clock.monotonicMs();
    const result = work();
    this.spentMs += clock.monotonicMs() - startedMs;
    this.countTurn();
    return result;
  }

  private turnMs(): number {
    const { maxLagMs, lateTurnMs, turnMs } = this.limits;
    return Math.max(lateTurnMs, turnMs * (1 - this.deps.lagMs() / maxLagMs));
  }

  private countTurn(): void {
    if (this.isTurnCounted) return;
    this.isTurnCounted = true;
    this.deps.clock.soon(this.nextTurn);
  }

  private readonly nextTurn = (): void => {
    this.isTurnCounted = false;
    this.spentMs = 0;
    const turnMs = this.turnMs();
    while (this.spentMs < turnMs) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      this.countWaiting(-next.bytes);
      next.begin();
    }
  };

  private countWaiting(bytes: number): void {
    this.waitingBytes += bytes;
    this.waitingGauge.set(this.waitingBytes);
  }
}
