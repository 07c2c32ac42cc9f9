import type { IncomingMessage } from 'node:http';
import type { Principal } from '@distributary/distribution-core';
import type { WebSocket } from 'ws';
import { asDistributionError } from '../../errors/as-distribution-error.js';
import { errorPayloadOf } from '../../errors/stream-error.js';
import { callerOfRequest } from '../../limits/trusted-proxies.js';
import type { StreamCommand } from '../stream-connection.js';
import { subscriptionFromQuery } from '../stream-query.js';
import type { OpenSession, StreamSessions } from '../stream-sessions.js';
import { PendingClient } from './pending-client.js';
import { upgradeOf } from './upgrade-authentication.js';
import { encoderFor } from './websocket-encoders.js';
import { WebSocketOutlet } from './websocket-outlet.js';

export const HEARTBEAT_MS = 20_000;
const SILENT_AFTER_MS = HEARTBEAT_MS * 2.5;
const SWEEP_MS = 5_000;
/** Without query parameters a client must say something within this. */
const HELLO_TIMEOUT_MS = 5_000;
export const MAX_CLIENT_FRAME_BYTES = 1024 * 1024;

interface Connected extends OpenSession {
  readonly outlet: WebSocketOutlet;
  pingedAtMs: number;
  hasSpoken: boolean;
}

/** Known by its request, or still to say who it is. */
interface Client {
  readonly outlet: WebSocketOutlet;
  readonly state: { readonly connected: Connected } | { readonly pending: PendingClient };
}

/** WebSocket clients of one service: a session each, heartbeats for all of them in one sweep. */
export class WebSocketDoor {
  private readonly clients = new Map<WebSocket, Client>();
  private cancelSweep: () => void = () => undefined;

  constructor(private readonly sessions: StreamSessions) {
    this.scheduleSweep();
  }

  /** A request without a token that passed {@link authenticateUpgrade} may still say `hello`. */
  connect(client: WebSocket, request: IncomingMessage): void {
    const { clock, access } = this.sessions.deps;
    const outlet = new WebSocketOutlet(client, clock);
    if (client.protocol === '' && request.headers['sec-websocket-protocol'] !== undefined) {
      return outlet.close('subprotocol');
    }
    client.on('message', () => {
      outlet.lastHeardMs = clock.monotonicMs();
    });
    const { principal, error } = upgradeOf(request, access);
    if (principal !== undefined) return this.admit(client, outlet, request, principal);
    const refused = (refusal: unknown) => {
      const { code } = asDistributionError(refusal);
      this.sessions.deps.onRefused?.(code, callerOfRequest(request));
      refuse(outlet, refusal);
    };
    if (error !== undefined) return refused(error);
    const pending = new PendingClient(
      access,
      (known, waiting) => {
        // It may have gone in the meantime.
        if (!this.clients.has(client)) return;
        this.admit(client, outlet, request, known);
        for (const { type, payload } of waiting) this.command(client, type, payload);
      },
      refused,
    );
    this.clients.set(client, { outlet, state: { pending } });
    clock.after(HELLO_TIMEOUT_MS, () => {
      const present = this.clients.get(client);
      if (present !== undefined && 'pending' in present.state) outlet.close('hello_timeout');
    });
  }

  private admit(client: WebSocket, outlet: WebSocketOutlet, request: IncomingMessage, principal: Principal): void {
    const open = this.sessions.start(outlet, encoderFor(client), principal, callerOfRequest(request));
    if (open === undefined) return void this.clients.delete(client);
    const now = this.sessions.deps.clock.monotonicMs();
    // Who has said hello with a token has said something.
    const connected: Connected = { ...open, outlet, pingedAtMs: now, hasSpoken: this.clients.has(client) };
    this.clients.set(client, { outlet, state: { connected } });
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
    this.subscribeFromQuery(connected, request);
  }

  command(client: WebSocket, type: StreamCommand, payload: unknown): void {
    const state = this.clients.get(client)?.state;
    if (state === undefined) return;
    if ('pending' in state) return state.pending.command(type, payload);
    state.connected.hasSpoken = true;
    void state.connected.connection.command(type, payload);
  }

  /** What arrived is not a message of the protocol at all. */
  malformed(client: WebSocket): void {
    this.clients.get(client)?.outlet.close('malformed');
  }

  disconnect(client: WebSocket): void {
    const state = this.clients.get(client)?.state;
    this.clients.delete(client);
    if (state !== undefined && 'connected' in state) state.connected.close().catch(this.sessions.deps.onUnexpected);
  }

  stop(): void {
    this.cancelSweep();
  }

  private subscribeFromQuery(connected: Connected, request: IncomingMessage): void {
    try {
      const input = subscriptionFromQuery(new URL(request.url ?? '/', 'ws://localhost').searchParams);
      if (input !== undefined) {
        connected.hasSpoken = true;
        void connected.connection.command('subscribe', input);
        return;
      }
    } catch (error) {
      connected.outlet.send({ type: 'error', payload: errorPayloadOf(error, undefined) });
    }
    this.sessions.deps.clock.after(HELLO_TIMEOUT_MS, () => {
      if (!connected.hasSpoken) connected.outlet.close('hello_timeout');
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
    for (const { state } of this.clients.values()) {
      if ('pending' in state) continue;
      const { connected } = state;
      const silentMs = now - connected.outlet.lastHeardMs;
      if (silentMs > SILENT_AFTER_MS) connected.outlet.close('heartbeat_missed');
      else if (silentMs > HEARTBEAT_MS && now - connected.pingedAtMs > HEARTBEAT_MS) {
        connected.pingedAtMs = now;
        connected.outlet.ping();
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
