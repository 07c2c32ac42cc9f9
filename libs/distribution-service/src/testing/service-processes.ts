import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { until } from '@distributary/distribution-core/testing';
import { TestedService } from './tested-service.js';

export interface ServiceProgram {
  /** Its main file as `npm run build` makes it; a real process cannot run the sources. */
  readonly file: string;
  /** What it is given besides, by the folder of its log. */
  readonly surroundings: (logFolder: string) => Readonly<Record<string, string | undefined>>;
}

interface LogLine {
  readonly event?: string;
  readonly process?: string;
  readonly pid?: number;
  readonly http?: string;
  readonly grpc_port?: number;
  readonly processes?: number;
}

/** The service as it is run: one process, or one that watches over others (`PROCESSES`), with data in a folder of its own. */
export class ServiceProcesses {
  readonly lines: LogLine[] = [];
  private errors = '';

  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    private readonly isMany: boolean,
  ) {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      if (line.startsWith('{')) this.lines.push(JSON.parse(line) as LogLine);
    });
    child.stderr?.on('data', (chunk: Buffer) => (this.errors += chunk.toString()));
  }

  /** `meanwhile` is done while it starts. */
  static async start(
    { file, surroundings }: ServiceProgram,
    env: Readonly<Record<string, string>>,
    meanwhile: (service: ServiceProcesses) => Promise<void> = () => Promise.resolve(),
  ): Promise<ServiceProcesses> {
    if (!existsSync(file)) throw new Error(`${file} is not there: npm run build makes it`);
    const folder = mkdtempSync(path.join(os.tmpdir(), 'distributary-processes-'));
    const child = spawn(process.execPath, [file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        PORT: '0',
        GRPC_PORT: '0',
        DATA_DIR: path.join(folder, 'data'),
        EMBEDDED_DIR: path.join(folder, 'log'),
        EMBEDDED_SYNC: 'commit',
        EMBEDDED_MAX_SIZE: '1GiB',
        PROBE_INTERVAL_MS: '3600000',
        PERFORMANCE_INTERVAL_MS: '3600000',
        RECEIPT_INTERVAL_MS: '3600000',
        RATE_LIMIT_PER_ADDRESS: '0',
        ...surroundings(env.EMBEDDED_DIR ?? path.join(folder, 'log')),
        ...env,
      },
    });
    const service = new ServiceProcesses(child, folder, Number(env.PROCESSES ?? 1) > 1);
    try {
      await meanwhile(service);
      await until('the service', () => service.listening ?? service.hasEnded, 150_000);
      if (service.hasEnded) throw new Error(`the service ended: ${service.errors}`);
      return service;
    } catch (error) {
      await service.stop();
      throw error;
    }
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  get exitCode(): number | null {
    return this.child.exitCode;
  }

  get httpUrl(): string {
    return this.listening?.http ?? '';
  }

  get grpcAddress(): string {
    return `127.0.0.1:${this.listening?.grpc_port ?? 0}`;
  }

  /** Asked from outside, below `/api/v1/…`. */
  async reached(prefix: string): Promise<TestedService> {
    const document = async (name: string) =>
      (await fetch(`${this.httpUrl}/api/${name}.json`)).json() as Promise<object>;
    const [openApi, asyncApi] = await Promise.all([document('openapi'), document('asyncapi')]);
    const { httpUrl } = this;
    return new TestedService({ httpUrl, grpcPort: this.listening?.grpc_port ?? 0, openApi, asyncApi }, prefix);
  }

  /** Of the process that was ready last in a seat. */
  pidOf(name: string): number | undefined {
    return this.of('process.ready').findLast((line) => line.process === name)?.pid;
  }

  of(event: string): readonly LogLine[] {
    return this.lines.filter((line) => line.event === event);
  }

  /** To the process that watches over the others. */
  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Ends a process at once, and waits until another one has its place. */
  async killAndWait(name: string): Promise<void> {
    const pid = this.pidOf(name) as number;
    process.kill(pid, 'SIGKILL');
    await until(`the successor of ${name}`, () => this.pidOf(name) !== pid, 60_000);
  }

  /** Drains it and removes its data. */
  async stop(): Promise<void> {
    if (!this.hasEnded) this.child.kill('SIGTERM');
    await until('its end', () => this.hasEnded, 30_000).finally(() => {
      if (!this.hasEnded) this.child.kill('SIGKILL');
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  private get listening(): LogLine | undefined {
    return this.of('service.listening').find(({ processes }) => !this.isMany || processes !== undefined);
  }
}
