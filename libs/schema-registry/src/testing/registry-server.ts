import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { DistributionError } from '@distributary/distribution-core';
import { type CompatibilityRule, InMemorySchemaRegistry } from './in-memory-schema-registry.js';

export interface RegistryServerOptions {
  /** `user:password` that callers must have. */
  readonly credentials?: string;
  readonly tls?: https.ServerOptions;
  readonly port?: number;
}

export type Disturbance = number | 'silence' | { readonly status: number; readonly text: string };

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

/** The parts of Confluent's REST API that matter here, over a registry in memory. Listens on 127.0.0.1. */
export class RegistryServer {
  readonly registry = new InMemorySchemaRegistry();
  /** Of every request: method and path. */
  readonly requests: string[] = [];
  /** What comes instead of the answer to a request: a status, a text, or silence. */
  disturbance: ((request: string) => Disturbance | undefined) | undefined;

  private constructor(
    private readonly server: http.Server,
    readonly url: string,
  ) {}

  static async start({ credentials, tls, port = 0 }: RegistryServerOptions = {}): Promise<RegistryServer> {
    const server = tls === undefined ? http.createServer() : https.createServer(tls);
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const { port: taken } = server.address() as AddressInfo;
    const made = new RegistryServer(server, `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${taken}`);
    server.on('request', (request, response) => void made.answer(request, response, credentials));
    return made;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    credentials: string | undefined,
  ): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const name = `${request.method} ${request.url}`;
    this.requests.push(name);
    const disturbance = this.disturbance?.(name);
    if (disturbance === 'silence') return;
    const given = typeof disturbance === 'object' ? disturbance : undefined;
    const { status, body } =
      typeof disturbance === 'number'
        ? { status: disturbance, body: { error_code: 50001, message: 'disturbed' } }
        : (this.admitted(request.headers.authorization, credentials) ??
          this.reply(request.method ?? '', request.url ?? '', Buffer.concat(parts).toString()));
    response.writeHead(given?.status ?? status, { 'content-type': 'application/vnd.schemaregistry.v1+json' });
    response.end(given?.text ?? JSON.stringify(body));
  }

  /** Undefined: it may come in. */
  private admitted(authorization: string | undefined, credentials: string | undefined): Reply | undefined {
    const wanted = credentials === undefined ? authorization : `Basic ${Buffer.from(credentials).toString('base64')}`;
    return authorization === wanted ? undefined : { status: 401, body: { error_code: 40101, message: 'Unauthorized' } };
  }

  private reply(method: string, url: string, body: string): Reply {
    const { pathname } = new URL(url, 'http://registry');
    const path = pathname.split('/').slice(1).map(decodeURIComponent);
    const [first, second, third, last] = path;
    try {
      if (method === 'GET' && first === 'subjects' && second === undefined) {
        return { status: 200, body: this.registry.subjectNames() };
      }
      if (method === 'GET' && first === 'schemas') return this.byId(Number(third), last);
      if (method === 'GET' && first === 'subjects') return this.latest(second);
      const input = JSON.parse(body) as { readonly schema: string; readonly compatibility?: CompatibilityRule };
      if (method === 'PUT' && first === 'config') {
        this.registry.setRule(second, input.compatibility ?? 'NONE');
        return { status: 200, body: { compatibility: input.compatibility } };
      }
      if (method === 'POST' && first === 'compatibility') return this.compatibility(third, input.schema);
      if (method === 'POST' && first === 'subjects') return this.register(second, input.schema);
    } catch (error) {
      const message = error instanceof DistributionError ? (error.problems[0]?.rule ?? '') : String(error);
      return { status: 422, body: { error_code: 42201, message } };
    }
    return { status: 404, body: { error_code: 404, message: 'HTTP 404 Not Found' } };
  }

  private byId(id: number, last: string | undefined): Reply {
    const versions = this.registry.subjectsOf(id);
    if (versions.length === 0) return { status: 404, body: { error_code: 40403, message: 'Schema not found' } };
    if (last === 'versions')
      return { status: 200, body: versions.map(({ subject, version }) => ({ subject, version })) };
    return { status: 200, body: textOf(versions[0]) };
  }

  private latest(subject: string): Reply {
    const versions = this.registry.versionsOf(subject);
    const newest = versions.at(-1);
    if (newest === undefined) return { status: 404, body: { error_code: 40401, message: 'Subject not found' } };
    const { id, version } = newest;
    return { status: 200, body: { subject, id, version, ...textOf(newest) } };
  }

  private compatibility(subject: string, text: string): Reply {
    if (this.registry.versionsOf(subject).length === 0) {
      return { status: 404, body: { error_code: 40401, message: 'Subject not found' } };
    }
    const messages = this.registry.incompatibilities(subject, text);
    return { status: 200, body: { is_compatible: messages.length === 0, messages } };
  }

  private register(subject: string, text: string): Reply {
    const messages = this.registry.incompatibilities(subject, text);
    if (messages.length > 0) return { status: 409, body: { error_code: 409, message: messages.join('; ') } };
    return { status: 200, body: { id: this.registry.put(subject, { language: 'avro', text, hasReferences: false }) } };
  }
}

/** Who says no language means Avro. */
const textOf = ({ text, language, hasReferences }: { text: string; language: string; hasReferences: boolean }) => ({
  schema: text,
  ...(language === 'avro' ? {} : { schemaType: language.toUpperCase() }),
  ...(hasReferences ? { references: [{ name: 'other', subject: 'other', version: 1 }] } : {}),
});
