import type { Clock } from '@distributary/distribution-core';
import type { DataSource, QueryRunner } from 'typeorm';

const RECONNECT_MS = 500;

/** What is needed of a connection of the driver. */
interface Connection {
  on(event: 'notification', listener: (message: { channel: string; payload?: string }) => void): unknown;
  on(event: 'error' | 'end', listener: () => void): unknown;
  removeAllListeners(event: 'notification'): unknown;
}

/**
 * LISTEN on a connection of its own, opened again whenever it is lost. What is notified in between is missed: these are
 * hints, and who needs certainty asks the table as well.
 */
export class PostgresListener {
  private isStopped = false;
  private cancel: () => void = () => undefined;
  private runner: QueryRunner | undefined;
  private opening: Promise<void>;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    private readonly channel: string,
    private readonly listener: (payload: string) => void,
  ) {
    this.opening = this.open();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.cancel();
    await this.opening;
    await this.close();
  }

  private async open(): Promise<void> {
    const runner = this.dataSource.createQueryRunner();
    try {
      const connection = (await runner.connect()) as Connection;
      this.runner = runner;
      connection.on('error', () => this.lost(runner));
      connection.on('end', () => this.lost(runner));
      connection.on('notification', ({ channel, payload }) => {
        if (!this.isStopped && channel === this.channel && payload !== undefined) this.listener(payload);
      });
      await runner.query(`LISTEN ${this.channel}`);
    } catch {
      this.lost(runner);
    }
  }

  private lost(runner: QueryRunner): void {
    if (this.runner === runner) this.runner = undefined;
    if (!runner.isReleased) void runner.release().catch(() => undefined);
    if (this.isStopped) return;
    this.cancel();
    this.cancel = this.clock.after(RECONNECT_MS, () => {
      this.opening = this.open();
    });
  }

  private async close(): Promise<void> {
    const { runner } = this;
    this.runner = undefined;
    if (runner === undefined) return;
    await runner.query(`UNLISTEN ${this.channel}`).catch(() => undefined);
    ((await runner.connect()) as Connection).removeAllListeners('notification');
    await runner.release();
  }
}
