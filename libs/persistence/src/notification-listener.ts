import type { Clock } from '@distributary/distribution-core';
import type { DataSource } from 'typeorm';
import { type AnswerLimit, BoundedClient } from './bounded-client.js';

const RETRY_MS = 1_000;
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * One connection of its own that waits for the notifications of one channel. If it breaks, it is made again after a
 * second, for as long as it takes, and then calls back once: something may have been missed meanwhile.
 */
export class NotificationListener {
  private client: BoundedClient | undefined;
  private isStopped = false;
  private cancelRetry: () => void = () => undefined;
  private connecting: Promise<void> = Promise.resolve();

  /** `channel` is part of a statement: a name of our own. */
  constructor(
    private readonly dataSource: DataSource,
    private readonly channel: string,
    private readonly clock: Clock,
    /** With the text that was notified; undefined after it was connected again. */
    private readonly onNotification: (payload: string | undefined) => void,
  ) {}

  /** When the first try to connect is over, whether it listens or not. */
  get attempted(): Promise<void> {
    return this.connecting;
  }

  start(): void {
    this.connecting = this.connect(false);
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.cancelRetry();
    await this.connecting;
    const { client } = this;
    this.client = undefined;
    await client?.end().catch(() => undefined);
  }

  private async connect(isAgain: boolean): Promise<void> {
    const { url, extra } = this.dataSource.options as { url: string; extra: AnswerLimit };
    const client = new BoundedClient({
      queryTimeoutMs: extra.queryTimeoutMs,
      onQueryTimeout: extra.onQueryTimeout,
      connectionString: url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
    });
    // `error` and `end` may both come; only the connection in use counts.
    const onLost = () => {
      if (this.client !== client) return;
      this.client = undefined;
      this.retry();
    };
    client.on('error', onLost);
    client.on('end', onLost);
    client.on('notification', ({ payload }) => {
      if (!this.isStopped) this.onNotification(payload);
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${this.channel}`);
    } catch {
      await client.end().catch(() => undefined);
      this.retry();
      return;
    }
    this.client = client;
    if (isAgain && !this.isStopped) this.onNotification(undefined);
  }

  private retry(): void {
    if (this.isStopped) return;
    this.cancelRetry = this.clock.after(RETRY_MS, () => {
      this.connecting = this.connect(true);
    });
  }
}
