import type { PublishResult } from '@distributary/contracts';
import type { RunningService } from '../service.js';
import { AnswerCheck, type OpenApiDocument } from './answer-check.js';
import { type AsyncApiDocument, MessageCheck } from './message-check.js';

export interface Reply<Body = Readonly<Record<string, unknown>>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** What must be known of a service to ask it, in whichever process it runs. */
export type ReachedService = Pick<RunningService, 'httpUrl' | 'grpcPort' | 'openApi' | 'asyncApi'>;

/** A complete service, asked from outside: each answer and message is held against the service's own documents. */
export class TestedService<Service extends ReachedService = ReachedService> {
  private messageCheck: { readonly app: Service; readonly check: MessageCheck } | undefined;
  private checked: { readonly app: Service; readonly check: AnswerCheck } | undefined;

  constructor(
    protected running: Service,
    /** Where its own resources are: `/api/v1/monitoring`. */
    readonly prefix: string,
    /** What its requests and streams say who they are. */
    readonly token?: string,
  ) {}

  get headers(): Readonly<Record<string, string>> {
    return this.token === undefined ? {} : { authorization: `Bearer ${this.token}` };
  }

  get httpUrl(): string {
    return this.running.httpUrl;
  }

  get grpcAddress(): string {
    return `127.0.0.1:${this.running.grpcPort}`;
  }

  get streamUrl(): string {
    return `${this.httpUrl}${this.prefix}/stream`;
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
    const { status, body } = await this.post(`${this.prefix}/events`, events);
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
