import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type Environment, loadConfig, type Logger, noLogger } from '@distributary/distribution-nest';
import { createApp, monitoringConfig } from '@distributary/monitoring';
import type { PublishResult } from '@distributary/contracts';
import { leaveRecord } from './exercise-record.js';
import { type AsyncApiDocument, MessageCheck } from './message-check.js';
import { AnswerCheck, type OpenApiDocument } from './answer-check.js';

/** What the service stores; its probe measures once at the start and then never again within a test. */
const QUIET: Environment = {
  PORT: '0',
  GRPC_PORT: '0',
  EMBEDDED_SYNC: 'commit',
  EMBEDDED_MAX_SIZE: '1GiB',
  PROBE_INTERVAL_MS: '3600000',
  PERFORMANCE_INTERVAL_MS: '3600000',
  RECEIPT_INTERVAL_MS: '3600000',
};

export interface Reply<Body = Readonly<Record<string, unknown>>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

type Running = Awaited<ReturnType<typeof createApp>>;

/** The complete service in this process, on free ports, with embedded storage in a folder of its own. */
export class TestApp {
  private messageCheck: { readonly app: Running; readonly check: MessageCheck } | undefined;
  private checked: { readonly app: Running; readonly check: AnswerCheck } | undefined;

  private constructor(
    private readonly directory: string,
    private readonly env: Environment,
    private running: Running,
    /** What its requests and streams say who they are. */
    readonly token?: string,
  ) {}

  /** The same service for somebody else. */
  as(token: string | undefined): TestApp {
    return new TestApp(this.directory, this.env, this.running, token);
  }

  get headers(): Readonly<Record<string, string>> {
    return this.token === undefined ? {} : { authorization: `Bearer ${this.token}` };
  }

  static async start(env: Environment = {}, logger: Logger = noLogger): Promise<TestApp> {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'distributary-e2e-'));
    try {
      return new TestApp(directory, env, await run(directory, env, logger));
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /**
   * What every app is given besides, by the folder of its log: apps of one folder share a log, whatever the broker is. For
   * runs of the same tests on real servers.
   */
  static surroundings: (logFolder: string) => Environment = () => ({});

  get httpUrl(): string {
    return this.running.httpUrl;
  }

  get grpcAddress(): string {
    return `127.0.0.1:${this.running.grpcPort}`;
  }

  get routes() {
    return this.running.routes;
  }

  get streamUrl(): string {
    return `${this.httpUrl}/api/v1/monitoring/stream`;
  }

  /** What SIGHUP does. */
  reload(): void {
    this.running.reload();
  }

  /** What SIGTERM does; the data stays. */
  async drain() {
    const outcome = await this.running.lifecycle.drain('test');
    leaveRecord(this.running);
    return outcome;
  }

  /** Drains, then starts anew on the same data, on other ports. */
  async restart(): Promise<void> {
    await this.drain();
    this.running = await run(this.directory, this.env);
  }

  /** Drains and removes the data. */
  async stop(): Promise<void> {
    await this.drain();
    await rm(this.directory, { recursive: true, force: true });
  }

  get(pathname: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    return this.request(pathname, { headers });
  }

  post(pathname: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    return this.sendJson('POST', pathname, body, headers);
  }

  patch(pathname: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    return this.sendJson('PATCH', pathname, body, headers);
  }

  put(pathname: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    return this.sendJson('PUT', pathname, body, headers);
  }

  delete(pathname: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    return this.request(pathname, { method: 'DELETE', headers });
  }

  /** Any body, as it is. */
  postBytes(
    pathname: string,
    body: Buffer | string,
    contentType: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Reply> {
    return this.request(pathname, { method: 'POST', headers: { 'content-type': contentType, ...headers }, body });
  }

  /** Over REST; throws if they are refused. */
  async publish(...events: readonly object[]): Promise<readonly PublishResult[]> {
    const { status, body } = await this.post('/api/v1/monitoring/events', events);
    if (status !== 202) throw new Error(`publishing answered ${status}: ${JSON.stringify(body)}`);
    return body.results as readonly PublishResult[];
  }

  private sendJson(
    method: string,
    pathname: string,
    body: unknown,
    headers: Readonly<Record<string, string>>,
  ): Promise<Reply> {
    return this.request(pathname, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  }

  private async request(pathname: string, init: RequestInit): Promise<Reply> {
    const headers = { ...this.headers, ...(init.headers as Record<string, string>) };
    const response = await fetch(this.httpUrl + pathname, { ...init, headers });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    const body: unknown = isJson ? JSON.parse(text) : { text };
    this.checkAnswer(pathname, init.method ?? 'GET', response, isJson ? body : text);
    return { status: response.status, headers: response.headers, body: body as Reply['body'] };
  }

  /** What is wrong with what a stream told, by the service's own document. */
  messageProblem(message: { readonly type: string }): string | undefined {
    if (this.messageCheck?.app !== this.running) {
      this.messageCheck = { app: this.running, check: new MessageCheck(this.running.asyncApi as AsyncApiDocument) };
    }
    return this.messageCheck.check.problemOf(message);
  }

  /** Every answer that a test gets is what the service's own document says. */
  private checkAnswer(path: string, method: string, { status, headers }: Response, body: unknown): void {
    if (this.checked?.app !== this.running) {
      this.checked = { app: this.running, check: new AnswerCheck(this.running.openApi as OpenApiDocument) };
    }
    const problem = this.checked.check.problemOf({
      path,
      method,
      status,
      contentType: headers.get('content-type'),
      body,
    });
    if (problem !== undefined) throw new Error(problem);
  }
}

function run(directory: string, env: Environment, logger: Logger = noLogger) {
  const folders = { DATA_DIR: path.join(directory, 'data'), EMBEDDED_DIR: path.join(directory, 'log') };
  const surroundings = TestApp.surroundings(env.EMBEDDED_DIR ?? folders.EMBEDDED_DIR);
  return createApp(loadConfig({ ...QUIET, ...folders, ...surroundings, ...env }, monitoringConfig), logger);
}
