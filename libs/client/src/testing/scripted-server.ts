import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ClientMessage, ClientPayloads, ServerPayloads } from '@distributary/contracts';
import { until } from '@distributary/distribution-core/testing';
import { WebSocketServer, type WebSocket } from 'ws';

const TIMESTAMP = '2026-01-01T00:00:00.000Z';

/** The service's end of one WebSocket: says what the test tells it to, remembers what the client said. */
export class Peer {
  readonly received: ClientMessage[] = [];
  private readonly taken = new Map<string, number>();

  constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => this.received.push(JSON.parse(data.toString()) as ClientMessage));
  }

  send<Type extends keyof ServerPayloads>(type: Type, payload: ServerPayloads[Type]): void {
    this.socket.send(JSON.stringify({ type, payload, timestamp: TIMESTAMP }));
  }

  payloads<Type extends keyof ClientPayloads>(type: Type): ClientPayloads[Type][] {
    return this.received
      .filter((message) => message.type === type)
      .map(({ payload }) => payload as ClientPayloads[Type]);
  }

  /** The next message of this type that was not asked for yet. */
  async next<Type extends keyof ClientPayloads>(type: Type): Promise<ClientPayloads[Type]> {
    const index = this.taken.get(type) ?? 0;
    const found = await until(`${type} number ${index + 1}`, () => this.payloads(type)[index] !== undefined);
    this.taken.set(type, index + (found ? 1 : 0));
    return this.payloads(type)[index];
  }
}

export interface Answer {
  readonly status: number;
  /** A string is sent as it is. */
  readonly body: unknown;
  readonly headers?: Record<string, string>;
}

/** The service's end of one SSE response. */
export class SsePeer {
  constructor(
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
  ) {}

  get query(): URLSearchParams {
    return new URL(this.request.url ?? '/', 'http://localhost').searchParams;
  }

  send<Type extends keyof ServerPayloads>(type: Type, payload: ServerPayloads[Type], id?: string): void {
    const data = JSON.stringify({ type, payload, timestamp: TIMESTAMP });
    this.response.write(`event: ${type}\n${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`);
  }
}

/** A real HTTP and WebSocket server without any logic of its own. */
export class ScriptedServer {
  readonly peers: Peer[] = [];
  readonly ssePeers: SsePeer[] = [];
  readonly requests: { method: string; url: string; body: unknown; authorization?: string | undefined }[] = [];
  /** Answers what is neither a WebSocket nor accepted as SSE. */
  answer: (request: { method: string; url: string; body: unknown }) => Answer | Promise<Answer> = () => ({
    status: 404,
    body: {},
  });
  /** False: SSE requests are taken and never answered. */
  opensStreams = true;
  streamsAsked = 0;
  /** How an SSE request is refused, if it is. */
  sseRefusal: Answer | undefined;

  private constructor(
    private readonly http: Server,
    private readonly sockets: WebSocketServer,
  ) {}

  /** Known after the stop too, so that a test can name an address where nobody listens. */
  port = 0;

  static async start(port = 0): Promise<ScriptedServer> {
    const http = createServer();
    const server = new ScriptedServer(http, new WebSocketServer({ server: http }));
    server.sockets.on('connection', (socket: WebSocket) => server.peers.push(new Peer(socket)));
    http.on('request', (request: IncomingMessage, response: ServerResponse) => server.handle(request, response));
    await new Promise<void>((resolve) => {
      http.listen(port, '127.0.0.1', resolve);
    });
    server.port = (http.address() as AddressInfo).port;
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async peer(index: number): Promise<Peer> {
    return until(`connection number ${index + 1}`, () => this.peers[index]);
  }

  async ssePeer(index: number): Promise<SsePeer> {
    return until(`SSE request number ${index + 1}`, () => this.ssePeers[index]);
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets.clients) socket.terminate();
    this.sockets.close();
    this.http.closeAllConnections();
    await new Promise((resolve) => {
      this.http.close(resolve);
    });
  }

  private handle(request: IncomingMessage, response: ServerResponse): void {
    if (request.headers.accept === 'text/event-stream') {
      this.streamsAsked += 1;
      if (!this.opensStreams) return;
      if (this.sseRefusal !== undefined) return reply(response, this.sseRefusal);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      this.ssePeers.push(new SsePeer(request, response));
      return;
    }
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const body: unknown = text === '' ? undefined : JSON.parse(text);
      const seen = { method: request.method ?? '', url: request.url ?? '', body };
      this.requests.push({ ...seen, authorization: request.headers.authorization });
      void Promise.resolve(this.answer(seen)).then((answer) => reply(response, answer));
    });
  }
}

function reply(response: ServerResponse, { status, body, headers }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
