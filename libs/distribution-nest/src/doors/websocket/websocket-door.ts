import type { IncomingMessage } from 'node:http';
import type { Principal } from '@distributary/distribution-core';
import { asDistributionError } from '../../errors/as-distribution-error.js';
import { errorPayloadOf } from '../../errors/stream-error.js';
import { callerOfRequest } from '../../limits/trusted-proxies.js';
import { subscriptionFromQuery } from '../stream-query.js';
import type { StreamSessions } from '../stream-sessions.js';
import { PendingClient } from './pending-client.js';
import type { StreamWebSocket } from './stream-web-socket.js';
import { upgradeOf } from './upgrade-authentication.js';
import { WebSocketClient } from './websocket-client.js';
import { encoderFor } from './websocket-encoders.js';
import { WebSocketOutlet } from './websocket-outlet.js';

export const HEARTBEAT_MS = 20_000;
const SILENT_AFTER_MS = HEARTBEAT_MS * 2.5;
const SWEEP_MS = 5_000;
/** Without query parameters a client must say something within this. */
const HELLO_TIMEOUT_MS = 5_000;
export const MAX_CLIENT_FRAME_BYTES = 1024 * 1024;

/** WebSocket clients of one service: a session each, heartbeats for all of them in one sweep. */
export class WebSocketDoor {
  private readonly clients = new Set<WebSocketClient>();
  private cancelSweep: () => void = () => undefined;

  constructor(private readonly sessions: StreamSessions) {
    this.scheduleSweep();
  }

  /** A request without a token that passed {@link authenticateUpgrade} may still say `hello`. */
  connect(socket: StreamWebSocket, request: IncomingMessage): void {
    const { clock, access } = this.sessions.deps;
    const client = new WebSocketClient(new WebSocketOutlet(socket, clock), clock, this.disconnect);
    socket.tell(client);
    if (socket.protocol === '' && request.headers['sec-websocket-protocol'] !== undefined) {
      return client.outlet.close('subprotocol');
    }
    const { principal, error } = upgradeOf(request, access);
    if (principal !== undefined) this.admit(client, socket, request, principal);
    else if (error !== undefined) this.refuse(client, request, error);
    else this.await(client, socket, request);
  }

  stop(): void {
    this.cancelSweep();
  }

  private readonly disconnect = (client: WebSocketClient): void => {
    this.clients.delete(client);
    client.open?.close().catch(this.sessions.deps.onUnexpected);
  };

  /** For its `hello`. */
  private await(client: WebSocketClient, socket: StreamWebSocket, request: IncomingMessage): void {
    const { clock, access } = this.sessions.deps;
    client.pending = new PendingClient(
      access,
      (known, waiting) => {
        // It may have gone in the meantime.
        if (!this.clients.has(client)) return;
        // Who has said hello with a token has said something.
        client.hasSpoken = true;
        client.pending = undefined;
        this.admit(client, socket, request, known);
        for (const { type, payload } of waiting) client.command(type, payload);
      },
      (refusal) => this.refuse(client, request, refusal),
    );
    this.clients.add(client);
    clock.after(HELLO_TIMEOUT_MS, () => {
      if (client.pending !== undefined && this.clients.has(client)) client.outlet.close('hello_timeout');
    });
  }

  private refuse({ outlet }: WebSocketClient, request: IncomingMessage, refusal: unknown): void {
    const { code } = asDistributionError(refusal);
    this.sessions.deps.onRefused?.(code, callerOfRequest(request));
    refuse(outlet, refusal);
  }

  private admit(
    client: WebSocketClient,
    socket: StreamWebSocket,
    request: IncomingMessage,
    principal: Principal,
  ): void {
    const { outlet } = client;
    const open = this.sessions.start(outlet, encoderFor(socket), principal, callerOfRequest(request));
    if (open === undefined) return void this.clients.delete(client);
    client.open = open;
    this.clients.add(client);
    outlet.send({
      type: 'welcome',
      payload: {
        session: open.id,
        limits: {
          max_subscriptions: this.sessions.limits.maxSubscriptions,
          max_frame_bytes: this.sessions.deps.maxFrameBytes ?? MAX_CLIENT_FRAME_BYTES,
          max_unconfirmed_bytes: outlet.limitBytes,
          heartbeat_ms: HEARTBEAT_MS,
        },
      },
    });
    this.subscribeFromQuery(client, request);
  }

  private subscribeFromQuery(client: WebSocketClient, request: IncomingMessage): void {
    try {
      const input = subscriptionFromQuery(
        new URL(request.url ?? '/', 'ws://localhost').searchParams,
        this.sessions.deps.vocabulary,
      );
      if (input !== undefined) return client.command('subscribe', input);
    } catch (error) {
      client.outlet.send({ type: 'error', payload: errorPayloadOf(error, undefined) });
    }
    this.sessions.deps.clock.after(HELLO_TIMEOUT_MS, () => {
      if (!client.hasSpoken) client.outlet.close('hello_timeout');
    });
  }

  private scheduleSweep(): void {
    this.cancelSweep = this.sessions.deps.clock.after(SWEEP_MS, () => {
      this.sweep();
      this.scheduleSweep();
    });
  }

  private sweep(): void {
    const now = this.sessions.deps.clock.monotonicMs();
    for (const client of this.clients) {
      if (client.open === undefined) continue;
      const silentMs = now - client.heardAtMs;
      if (silentMs > SILENT_AFTER_MS) client.outlet.close('heartbeat_missed');
      else if (silentMs > HEARTBEAT_MS && now - client.pingedAtMs > HEARTBEAT_MS) {
        client.pingedAtMs = now;
        client.outlet.ping();
      }
    }
  }
}

/** Says why, and goes: who is not known is told nothing else. */
function refuse(outlet: WebSocketOutlet, thrown: unknown): void {
  const error = asDistributionError(thrown);
  outlet.send({ type: 'error', payload: errorPayloadOf(error, undefined) });
  outlet.close(error.code === 'auth.expired' ? 'token_expired' : error.retryable ? 'overloaded' : 'unauthenticated');
}
