import http from 'node:http';
import https from 'node:https';
import {
  type Clock,
  type Counter,
  DistributionError,
  type IdSource,
  type Metrics,
  type Problem,
  type RegisteredSchema,
  type SchemaRegistry,
  type Secret,
  type SubjectSchema,
} from '@distributary/distribution-core';
import { type HttpAnswer, httpCall } from './http-call.js';
import { mayTryAgain, problemsOf, refusalText, schemaOf, subjectSchemaOf } from './registry-answers.js';

export interface RegistryAddress {
  /** Of the API, with its base path: `https://host/apis/ccompat/v7`. */
  readonly url: string;
  readonly user?: string | undefined;
  readonly password?: Secret | undefined;
  /** PEM. For https: who may have issued the registry's certificate, and who we are. */
  readonly ca?: string | undefined;
  readonly certificate?: string | undefined;
  readonly privateKey?: Secret | undefined;
}

export interface RegistryLimits {
  /** Of one exchange. */
  readonly deadlineMs: number;
  /** Of one call, the first included. */
  readonly maxAttempts: number;
  /** The longest pause before the second attempt; it doubles with each. */
  readonly pauseMs: number;
  readonly maxConnections: number;
}

export const DEFAULT_REGISTRY_LIMITS: RegistryLimits = {
  deadlineMs: 5_000,
  maxAttempts: 3,
  pauseMs: 100,
  maxConnections: 8,
};

export interface RegistryClientOptions extends RegistryAddress {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly metrics: Metrics;
  readonly limits?: Partial<RegistryLimits>;
}

const JSON_TYPE = 'application/vnd.schemaregistry.v1+json';

/**
 * The {@link SchemaRegistry} behind the REST API of Confluent's registry, which others speak as well. What fails for a
 * moment is tried again, with pauses that are spread at random; calls wait for one of a few connections.
 */
export class RegistryClient implements SchemaRegistry {
  private readonly limits: RegistryLimits;
  private readonly base: URL;
  private readonly agent: http.Agent;
  private readonly headers: Readonly<Record<string, string>>;
  private readonly requests: Readonly<Record<'answered' | 'failed', Counter>>;
  private readonly retries: Counter;
  private isClosed = false;

  constructor(private readonly options: RegistryClientOptions) {
    const { url, user, password, metrics } = options;
    this.limits = { ...DEFAULT_REGISTRY_LIMITS, ...options.limits };
    this.base = new URL(url.endsWith('/') ? url : `${url}/`);
    this.agent = agentOf(options, this.base, this.limits.maxConnections);
    const credentials = Buffer.from(`${user ?? ''}:${password?.reveal() ?? ''}`).toString('base64');
    this.headers = {
      accept: `${JSON_TYPE}, application/json`,
      ...(user === undefined ? {} : { authorization: `Basic ${credentials}` }),
    };
    const help = 'Exchanges with the schema registry';
    this.requests = {
      answered: metrics.counter('schema_registry_requests_total', help, { outcome: 'answered' }),
      failed: metrics.counter('schema_registry_requests_total', help, { outcome: 'failed' }),
    };
    this.retries = metrics.counter('schema_registry_retries_total', 'Exchanges with the registry that were repeated');
  }

  async byId(id: number): Promise<RegisteredSchema | undefined> {
    const answer = await this.call('GET', `schemas/ids/${id}`);
    return answer.status === 404 ? undefined : schemaOf(id, this.taken(answer));
  }

  async latest(subject: string): Promise<SubjectSchema | undefined> {
    const answer = await this.call('GET', `subjects/${encodeURIComponent(subject)}/versions/latest`);
    return answer.status === 404 ? undefined : subjectSchemaOf(subject, this.taken(answer));
  }

  async isOf(id: number, subject: string): Promise<boolean> {
    const answer = await this.call('GET', `schemas/ids/${id}/versions`);
    if (answer.status === 404) return false;
    const versions: unknown = this.taken(answer);
    if (!Array.isArray(versions)) throw strange(answer);
    return (versions as readonly { readonly subject?: unknown }[]).some((version) => version?.subject === subject);
  }

  async register(subject: string, text: string): Promise<number> {
    const body = JSON.stringify({ schema: text });
    const name = encodeURIComponent(subject);
    const check = await this.call('POST', `compatibility/subjects/${name}/versions/latest?verbose=true`, body);
    const problems = problemsOf(check);
    if (problems !== undefined) throw rejected(subject, problems);
    if (check.status !== 404) this.taken(check);
    const answer = await this.call('POST', `subjects/${name}/versions`, body);
    // Another version came in between, it is no schema and there was nothing to compare it with, or the check named nothing.
    if (answer.status === 409 || answer.status === 422 || answer.status === 400) {
      throw rejected(subject, [{ path: 'schema', rule: refusalText(answer) }]);
    }
    const { id } = this.taken(answer) as { readonly id?: unknown };
    if (typeof id !== 'number') throw strange(answer);
    return id;
  }

  async check(): Promise<void> {
    this.taken(await this.exchange('GET', 'subjects'));
  }

  close(): Promise<void> {
    this.isClosed = true;
    this.agent.destroy();
    return Promise.resolve();
  }

  private async call(method: 'GET' | 'POST', path: string, body?: string): Promise<HttpAnswer> {
    const { maxAttempts, pauseMs } = this.limits;
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await this.exchange(method, path, body);
        if (attempt >= maxAttempts || !mayTryAgain(answer.status)) return answer;
      } catch (error) {
        if (attempt >= maxAttempts || this.isClosed) throw error;
      }
      this.retries.add();
      await this.pause(this.options.ids.random() * pauseMs * 2 ** (attempt - 1));
    }
  }

  private async exchange(method: 'GET' | 'POST', path: string, body?: string): Promise<HttpAnswer> {
    if (this.isClosed) throw away('its client is closed');
    const { deadlineMs } = this.limits;
    const headers = body === undefined ? this.headers : { ...this.headers, 'content-type': JSON_TYPE };
    const call = { method, url: new URL(path, this.base), headers, deadlineMs, ...(body !== undefined && { body }) };
    try {
      const answer = await httpCall(call, this.agent, this.options.clock);
      this.requests.answered.add();
      return answer;
    } catch (error) {
      this.requests.failed.add();
      throw away((error as Error).message, error);
    }
  }

  /** The JSON of an answer that is as it should be. */
  private taken(answer: HttpAnswer): unknown {
    if (answer.status === 401 || answer.status === 403) throw away(`it refuses us with ${answer.status}`);
    if (answer.status < 200 || answer.status >= 300) throw away(`it answers ${answer.status}`);
    try {
      return JSON.parse(answer.text) as unknown;
    } catch (error) {
      throw strange(answer, error);
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.options.clock.after(ms, resolve));
  }
}

function agentOf({ ca, certificate, privateKey }: RegistryAddress, { protocol }: URL, maxSockets: number): http.Agent {
  const kept = { keepAlive: true, maxSockets };
  if (protocol !== 'https:') return new http.Agent(kept);
  return new https.Agent({ ...kept, ca, cert: certificate, key: privateKey?.reveal() });
}

const away = (why: string, cause?: unknown): DistributionError =>
  new DistributionError('store.unavailable', `the schema registry cannot be used: ${why}`, { cause });

const strange = ({ status }: HttpAnswer, cause?: unknown): DistributionError =>
  away(`its answer (${status}) is not what the API says`, cause);

const rejected = (subject: string, problems: readonly Problem[]): DistributionError =>
  new DistributionError('schema.rejected', `the schema does not suit the subject ${subject}`, { problems });
