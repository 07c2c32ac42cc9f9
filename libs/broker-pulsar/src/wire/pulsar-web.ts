import http from 'node:http';
import https from 'node:https';
import { type ClientOptions, WebSocket } from 'ws';
import { connectionLost, hasStatus, PulsarError, pulsarError } from '../pulsar.errors.js';

export interface PulsarWebOptions {
  /** Of Pulsar's web service, `http://host:port` or `https://host:port`. */
  readonly url: string;
  /** Of the admin API, where another server has it. */
  readonly adminUrl?: string;
  readonly token?: string;
  /** PEM of whom to trust; without it whom Node trusts. */
  readonly ca?: Buffer;
  /** Within it Pulsar must answer a request, or take a socket. */
  readonly requestTimeoutMs: number;
}

export interface AdminRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Below `/admin/v2/`. */
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
}

/** An entry of a lane: what is told of it, and what it has. */
export interface StoredEntry {
  readonly headers: http.IncomingHttpHeaders;
  /** Its first 16 MiB. */
  readonly body: Buffer;
}

interface Answer extends StoredEntry {
  readonly status: number;
}

const MAX_CONNECTIONS = 16;
const MAX_ANSWER_BYTES = 16 * 1024 ** 2;
/** Brokers send on to the one that serves a topic. */
const MAX_REDIRECTS = 3;
/** An event of a few MiB as base64, with the fields around it. */
export const MAX_FRAME_BYTES = 16 * 1024 ** 2;
/** As `ws` has it. */
const FRAME_TOO_LARGE = 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
const MAX_REASON = 300;

/** The web service of a Pulsar: its admin REST API, and sockets of its WebSocket API. */
export class PulsarWeb {
  private readonly adminUrl: string;
  private readonly agent: http.Agent;
  private readonly headers: Readonly<Record<string, string>>;

  constructor(private readonly options: PulsarWebOptions) {
    const agentOptions = { keepAlive: true, maxSockets: MAX_CONNECTIONS, ca: options.ca };
    this.adminUrl = options.adminUrl ?? options.url;
    this.agent = this.adminUrl.startsWith('https:') ? new https.Agent(agentOptions) : new http.Agent(agentOptions);
    this.headers = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
  }

  /** What it answered, parsed; undefined if that was nothing. `PulsarError` for any status but 2xx. */
  async ask(request: AdminRequest): Promise<unknown> {
    const { body } = await this.answerTo(request);
    return body.length === 0 ? undefined : JSON.parse(body.toString());
  }

  entryAt(path: string): Promise<StoredEntry> {
    return this.answerTo({ method: 'GET', path }, true);
  }

  /** The same; undefined for 404. */
  async find(path: string): Promise<unknown> {
    try {
      return await this.ask({ method: 'GET', path });
    } catch (error) {
      if (hasStatus(error, 404)) return undefined;
      throw error;
    }
  }

  /** `attach` gets the socket before anything can come over it. Resolves when it is open. */
  open(path: string, query: Readonly<Record<string, string>>, attach: (socket: WebSocket) => void): Promise<WebSocket> {
    const url = new URL(`/ws/v2/${path}?${new URLSearchParams(query).toString()}`, this.options.url);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const options: ClientOptions = {
      headers: this.headers,
      ca: this.options.ca,
      handshakeTimeout: this.options.requestTimeoutMs,
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
    };
    const what = `open ${path}`;
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url, options);
      socket.once('open', () => resolve(socket));
      socket.once('unexpected-response', (request, response) => {
        bytesOf(response).then(
          (page) => reject(refusedSocket(response.statusCode ?? 0, what, reasonIn(page.toString()))),
          (error: unknown) => reject(connectionLost(what, error)),
        );
        response.once('close', () => request.destroy());
      });
      // Also after it is open: `close` follows then, and says enough.
      socket.on('error', (error) => reject(connectionLost(what, error)));
      socket.once('close', () => reject(connectionLost(what)));
      attach(socket);
    });
  }

  close(): void {
    this.agent.destroy();
  }

  private async answerTo(request: AdminRequest, isCut = false): Promise<Answer> {
    const what = `${request.method} ${request.path}`;
    let url = new URL(`/admin/v2/${request.path}`, this.adminUrl);
    for (let redirects = 0; ; redirects++) {
      const answer = await this.send(url, request, what, isCut);
      const { status, body, headers } = answer;
      const { location } = headers;
      if (status >= 200 && status < 300) return answer;
      if (status !== 307 || location === undefined || redirects >= MAX_REDIRECTS) {
        throw pulsarError(status, what, body.toString('utf8', 0, MAX_REASON));
      }
      url = new URL(location, url);
    }
  }

  private send(
    url: URL,
    { method, body, contentType = 'application/json' }: AdminRequest,
    what: string,
    isCut: boolean,
  ) {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = { ...this.headers, ...(text === undefined ? {} : { 'content-type': contentType }) };
    const { request } = url.protocol === 'https:' ? https : http;
    return new Promise<Answer>((resolve, reject) => {
      const signal = AbortSignal.timeout(this.options.requestTimeoutMs);
      const fail = (error: unknown) => reject(connectionLost(what, error));
      const asked = request(url, { method, headers, agent: this.agent, signal }, (response) => {
        const { statusCode: status = 0, headers: answered } = response;
        bytesOf(response, isCut).then((answer) => resolve({ status, body: answer, headers: answered }), fail);
      });
      asked.once('error', fail);
      asked.end(text);
    });
  }
}

/** `isCut`: of an answer that is too large what is not too much of it. */
async function bytesOf(response: http.IncomingMessage, isCut = false): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_ANSWER_BYTES && !isCut) throw new RangeError('the answer is too large');
    parts.push(part);
    if (bytes > MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(parts);
}

/**
 * What may be otherwise in a moment. 404: a broker that has not heard of a new topic yet says so, too; whether a topic is
 * there the admin API tells, which is asked before each attempt. 409: whoever was connected under that name, or exclusively,
 * has not been noticed to be gone.
 */
const PASSING: ReadonlySet<number> = new Set([404, 409]);

const refusedSocket = (status: number, what: string, reason: string): PulsarError =>
  PASSING.has(status)
    ? new PulsarError(status, true, 'broker.unavailable', `Pulsar answered ${status} to ${what}: ${reason}`)
    : pulsarError(status, what, reason);

/** Jetty answers with a page: what it says of itself is enough. */
const reasonIn = (page: string): string =>
  page
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, MAX_REASON);

/** An error of a socket: it was sent a frame that is larger than those that are taken, and closes. */
export const isFrameTooLarge = (error: NodeJS.ErrnoException): boolean => error.code === FRAME_TOO_LARGE;
