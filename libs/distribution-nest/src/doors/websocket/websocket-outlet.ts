import type { Socket } from 'node:net';
import { CLOSE_CODES } from '@distributary/contracts';
import {
  type Clock,
  type CloseReason,
  type Outlet,
  type SessionMessage,
  UnconfirmedWindow,
} from '@distributary/distribution-core';
import type { WebSocket } from 'ws';
import { closeCodeOf } from '../close-codes.js';
import { sessionMessage } from '../json-messages.js';
import { textFrame } from './websocket-frames.js';

/** A slow peer cannot read the close frame behind its data: the connection is cut after this. */
const CLOSE_TIMEOUT_MS = 10_000;
/** Messages of one session that may wait behind data that the peer does not read. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;

/**
 * Writes prebuilt frames straight to the socket beneath `ws`. Allowed because `ws` itself sends only control frames here,
 * neither compressed nor fragmented, so frames cannot interleave. The pong of a mark is its confirmation.
 */
export class WebSocketOutlet implements Outlet {
  onRoom: (() => void) | undefined;
  private readonly window = new UnconfirmedWindow();
  private readonly socket: Socket;
  private wasFull = false;
  private isOpen = true;

  constructor(
    private readonly client: WebSocket,
    private readonly clock: Clock,
  ) {
    this.socket = (client as unknown as { _socket: Socket })._socket;
  }

  get unconfirmedBytes(): number {
    return this.window.unconfirmedBytes;
  }

  get unmarkedBytes(): number {
    return this.window.unmarkedBytes;
  }

  get limitBytes(): number {
    return this.window.limitBytes;
  }

  setRate(bytesPerSecond: number): void {
    this.window.setRate(bytesPerSecond);
  }

  write(bytes: Buffer, mark: number): void {
    if (!this.isOpen) return;
    this.socket.write(bytes);
    this.window.sent(bytes.length, mark);
    if (this.window.unconfirmedBytes >= this.window.limitBytes) this.wasFull = true;
  }

  send(message: SessionMessage): void {
    if (!this.isOpen) return;
    if (this.socket.writableLength > MAX_BUFFERED_BYTES) return this.close('too_slow');
    this.socket.write(textFrame(sessionMessage(message, this.clock.nowMicros())));
  }

  /** With `reconnectMs` the peer is told when to come back. */
  close(reason: CloseReason, reconnectMs?: number): void {
    if (!this.isOpen) return;
    const code = closeCodeOf(reason);
    this.isOpen = false;
    if (code < CLOSE_CODES.malformed) {
      const payload = { code, reason, ...(reconnectMs === undefined ? {} : { reconnect_ms: reconnectMs }) };
      this.socket.write(textFrame(sessionMessage({ type: 'bye', payload }, this.clock.nowMicros())));
    }
    this.client.close(code, reason);
    this.clock.after(CLOSE_TIMEOUT_MS, () => this.client.terminate());
  }

  ping(): void {
    if (this.isOpen) this.client.ping();
  }

  /** The connection is gone. */
  closed(): void {
    this.isOpen = false;
  }

  /** The pong of a mark has come. */
  confirm(mark: number): void {
    if (!this.window.confirmed(mark) || !this.wasFull) return;
    if (this.window.unconfirmedBytes >= this.window.limitBytes / 2) return;
    this.wasFull = false;
    this.onRoom?.();
  }
}
