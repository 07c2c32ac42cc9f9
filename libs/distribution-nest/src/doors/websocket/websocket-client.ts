import { type Clock, invalidRequest } from '@distributary/distribution-core';
import type { RawData } from 'ws';
import { errorPayloadOf } from '../../errors/stream-error.js';
import type { OpenSession } from '../open-session.js';
import { isStreamCommand, type StreamCommand } from '../stream-connection.js';
import { parseClientMessage } from './client-message.js';
import type { PendingClient } from './pending-client.js';
import type { StreamPeer } from './stream-web-socket.js';
import type { WebSocketOutlet } from './websocket-outlet.js';

const NO_MESSAGE = invalidRequest([{ path: '', rule: 'must be the JSON text of an object with a type' }]);

/** One connection of the door: still to say who it is (`pending`), let in (`open`), or neither and about to go. */
export class WebSocketClient implements StreamPeer {
  pending: PendingClient | undefined;
  open: OpenSession | undefined;
  hasSpoken = false;
  /** Monotonic. */
  heardAtMs: number;
  pingedAtMs: number;

  constructor(
    readonly outlet: WebSocketOutlet,
    private readonly clock: Clock,
    private readonly onGone: (client: WebSocketClient) => void,
  ) {
    this.heardAtMs = clock.monotonicMs();
    this.pingedAtMs = this.heardAtMs;
  }

  onMessage(data: RawData): void {
    this.heardAtMs = this.clock.monotonicMs();
    const message = parseClientMessage(data.toString());
    if (message === undefined) this.refuse();
    // What is no command of ours may be one of a later version.
    else if (isStreamCommand(message.type)) this.command(message.type, message.payload);
  }

  onPong(payload: Buffer): void {
    this.heardAtMs = this.clock.monotonicMs();
    this.outlet.confirm(Number(payload.toString('latin1')));
  }

  onClosed(): void {
    this.outlet.closed();
    this.onGone(this);
  }

  command(type: StreamCommand, payload: unknown): void {
    if (this.pending !== undefined) return this.pending.command(type, payload);
    this.hasSpoken = true;
    void this.open?.connection.command(type, payload);
  }

  /** Says what is wrong, and goes: nobody knows which command it was to be. */
  private refuse(): void {
    this.outlet.send({ type: 'error', payload: errorPayloadOf(NO_MESSAGE, undefined) });
    this.outlet.close('malformed');
  }
}
