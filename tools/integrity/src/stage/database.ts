import fs from 'node:fs';
import path from 'node:path';
import { EmbeddedPostgres } from '@distributary/persistence';
import { FaultProxy } from '../fault-proxy.js';

/**
 * A PostgreSQL of this tool that all services of a run use, so that it outlives each of them. It is reached through a
 * proxy: when it comes back it has another port, and the services need not know.
 */
export class StageDatabase {
  private constructor(
    private readonly directory: string,
    private readonly proxy: FaultProxy,
    private running: EmbeddedPostgres,
  ) {
    // First of all: others then remove what it writes to.
    process.prependOnceListener('exit', this.endNow);
  }

  static async start(directory: string): Promise<StageDatabase> {
    const running = await EmbeddedPostgres.start({ directory });
    return new StageDatabase(directory, await FaultProxy.open(portOf(running)), running);
  }

  get url(): string {
    const url = new URL(this.running.url);
    url.port = String(this.proxy.port);
    return url.href;
  }

  /** Gone, as when its machine goes: connections are reset, and nobody is let in. */
  async stop(): Promise<void> {
    await this.proxy.close();
    await this.running.stop();
  }

  async startAgain(): Promise<void> {
    this.running = await EmbeddedPostgres.start({ directory: this.directory });
    this.proxy.targetPort = portOf(this.running);
    await this.proxy.offline(0);
  }

  async end(): Promise<void> {
    await this.stop();
    process.removeListener('exit', this.endNow);
  }

  /** It is in a process group of its own: nobody else would end it. */
  private readonly endNow = (): void => {
    const file = path.join(this.directory, 'postgres', 'postmaster.pid');
    if (!fs.existsSync(file)) return;
    try {
      process.kill(Number(fs.readFileSync(file, 'utf8').split('\n', 1)[0]), 'SIGQUIT');
    } catch {
      // It has ended.
    }
  };
}

const portOf = ({ url }: EmbeddedPostgres): number => Number(new URL(url).port);
