import pg from 'pg';

export interface AnswerLimit {
  /** How long PostgreSQL may take to answer, in milliseconds. */
  readonly queryTimeoutMs: number;
  /** Told once for each connection that is given up. */
  readonly onQueryTimeout?: () => void;
}

/** In all of its forms. */
type Query = (...asked: readonly unknown[]) => unknown;
type Callback = (...answer: readonly unknown[]) => void;

const isCallback = (last: unknown): last is Callback => typeof last === 'function';

/**
 * A connection whose server has so long to answer: then who waits gets an error, and the connection is closed, so that no
 * pool hands it on. With the `query_timeout` of pg it would be, together with the transaction that is open on it.
 * What was asked may be done all the same. Timed as the rest of the driver is, not by our clock.
 */
export class BoundedClient extends pg.Client {
  private readonly limitMs: number;
  private readonly onQueryTimeout: () => void;
  private isPatient = false;

  constructor({ queryTimeoutMs, onQueryTimeout = () => undefined, ...config }: pg.ClientConfig & AnswerLimit) {
    super(config);
    this.limitMs = queryTimeoutMs;
    this.onQueryTimeout = onQueryTimeout;
    const query = this.query.bind(this) as Query;
    this.query = ((...asked) => this.bounded(query, asked)) as Query as typeof this.query;
  }

  /** Without a limit, for what is known to take its time. */
  async patiently<Result>(work: () => Promise<Result>): Promise<Result> {
    this.isPatient = true;
    try {
      return await work();
    } finally {
      this.isPatient = false;
    }
  }

  /** A server that hangs does not close its side either. */
  override end(callback?: (error: Error) => void): Promise<void> {
    const timer = setTimeout(() => this.connection.stream.destroy(), this.limitMs).unref();
    this.connection.once('end', () => clearTimeout(timer));
    return super.end(callback as never) as unknown as Promise<void>;
  }

  private bounded(query: Query, asked: readonly unknown[]): unknown {
    if (this.isPatient) return query(...asked);
    const timer = setTimeout(() => this.giveUp(), this.limitMs);
    const callback = asked.at(-1);
    if (isCallback(callback)) {
      const answered: Callback = (...answer) => {
        clearTimeout(timer);
        callback(...answer);
      };
      return query(...asked.slice(0, -1), answered);
    }
    return (query(...asked) as Promise<unknown>).finally(() => clearTimeout(timer));
  }

  private giveUp(): void {
    const { stream } = this.connection;
    if (stream.destroyed) return;
    this.onQueryTimeout();
    // The client hears of it as of any connection that breaks: all that wait on it are told, and pools leave it out.
    stream.destroy(new Error(`PostgreSQL has not answered within ${this.limitMs} ms`));
  }
}
