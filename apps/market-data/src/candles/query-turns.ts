import { type Clock, DistributionError, type Metrics } from '@distributary/distribution-core';

export interface QueryTurnOptions {
  readonly maxQueries: number;
  readonly timeoutMs: number;
}

const RETRY_AFTER_MS = 1_000;

/**
 * Who may ask for history: `maxQueries` at once, the next one is refused with `gateway.full`. A question that takes longer
 * than `timeoutMs`, whatever it waits for, rejects with `store.unavailable`, as does one that nobody wants any more.
 */
export class QueryTurns {
  private running = 0;
  private readonly duration;
  private readonly refused;

  constructor(
    private readonly clock: Pick<Clock, 'after' | 'monotonicMs'>,
    metrics: Metrics,
    private readonly options: QueryTurnOptions,
  ) {
    const buckets = [5, 20, 50, 100, 500, 1000, 5000, 30_000];
    this.duration = metrics.histogram('history_query_ms', 'How long questions for history took', buckets);
    this.refused = metrics.counter(
      'history_refused_total',
      'Questions for history that were refused or stopped at a limit',
    );
  }

  /** The work is to end when its signal aborts, whose reason is the error. Until it ends, it keeps its place. */
  async run<Result>(work: (signal: AbortSignal) => Promise<Result>, asking?: AbortSignal): Promise<Result> {
    if (asking?.aborted === true) throw unwanted();
    if (this.running >= this.options.maxQueries) {
      this.refused.add();
      throw new DistributionError('gateway.full', `${this.running} questions for history are under way`, {
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
    const ending = new AbortController();
    const stopped = new Promise<never>((_resolve, reject) => {
      ending.signal.addEventListener('abort', () => reject(ending.signal.reason as Error), { once: true });
    });
    const leave = () => ending.abort(unwanted());
    asking?.addEventListener('abort', leave, { once: true });
    const cancel = this.clock.after(this.options.timeoutMs, () => {
      this.refused.add();
      ending.abort(tooLong(this.options.timeoutMs));
    });
    try {
      return await Promise.race([this.placed(work, ending.signal), stopped]);
    } finally {
      asking?.removeEventListener('abort', leave);
      cancel();
    }
  }

  private async placed<Result>(work: (signal: AbortSignal) => Promise<Result>, signal: AbortSignal): Promise<Result> {
    this.running++;
    const startMs = this.clock.monotonicMs();
    try {
      return await work(signal);
    } finally {
      this.running--;
      this.duration.observe(this.clock.monotonicMs() - startMs);
    }
  }
}

const unwanted = () => new DistributionError('store.unavailable', 'nobody asks for this history any more');

const tooLong = (timeoutMs: number) =>
  new DistributionError('store.unavailable', `history took longer than ${timeoutMs} ms; ask for a shorter range`, {
    retryAfterMs: RETRY_AFTER_MS,
  });
