import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import { errorPayloadOf } from '../../errors/stream-error.js';
import type { StreamCommand } from '../stream-connection.js';
import { subscriptionFromQuery } from '../stream-query.js';
import type { OpenSession, StreamSessions } from '../stream-sessions.js';
import { websocketJsonEncoder } from './websocket-json-encoder.js';
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

/** WebSocket clients of one service: a session each, heartbeats for all of them in one sweep. */
export class WebSocketDoor {
  private readonly connected = new Map<WebSocket, Connected>();
  private cancelSweep: () => void = () => undefined;

  constructor(private readonly sessions: StreamSessions) {
    this.scheduleSweep();
  }

  connect(client: WebSocket, request: IncomingMessage): void {
    const { clock } = this.sessions.deps;
    const outlet = new WebSocketOutlet(client, clock);
    const open = this.sessions.start(outlet, websocketJsonEncoder);
    if (open === undefined) return;
    const connected: Connected = { ...open, outlet, pingedAtMs: clock.monotonicMs(), hasSpoken: false };
    this.connected.set(client, connected);
    client.on('message', () => {
      outlet.lastHeardMs = clock.monotonicMs();
    });
    outlet.send({
      type: 'welcome',
      payload: {
        session: open.id,
        limits: {
          max_subscriptions: this.sessions.limits.maxSubscriptions,
          max_frame_bytes: MAX_CLIENT_FRAME_BYTES,
          max_unconfirmed_bytes: outlet.limitBytes,
          heartbeat_ms: HEARTBEAT_MS,
        },
      },
    });
    this.subscribeFromQuery(connected, request);
  }

  command(client: WebSocket, type: StreamCommand, payload: unknown): void {
    const connected = this.connected.get(client);
    if (connected === undefined) return;
    connected.hasSpoken = true;
    void connected.connection.command(type, payload);
  }

  /** What arrived is not a message of the protocol at all. */
  malformed(client: WebSocket): void {
    this.connected.get(client)?.outlet.close('malformed');
  }

  disconnect(client: WebSocket): void {
    const connected = this.connected.get(client);
    this.connected.delete(client);
    connected?.close().catch(this.sessions.deps.onUnexpected);
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
    for (const connected of this.connected.values()) {
      const silentMs = now - connected.outlet.lastHeardMs;
      if (silentMs > SILENT_AFTER_MS) connected.outlet.close('heartbeat_missed');
      else if (silentMs > HEARTBEAT_MS && now - connected.pingedAtMs > HEARTBEAT_MS) {
        connected.pingedAtMs = now;
        connected.outlet.ping();
      }
    }
  }
}
