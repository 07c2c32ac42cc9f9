import type { ServerResponse } from 'node:http';
import {
  type Clock,
  type CloseReason,
  MIN_UNCONFIRMED_LIMIT_BYTES,
  type Outlet,
  type SessionMessage,
} from '@distributary/distribution-core';
import { closeCodeOf } from '../close-codes.js';
import { sessionMessage } from '../json-messages.js';
import { serverSentEvent } from './sse-encoder.js';

const CLOSE_TIMEOUT_MS = 2_000;
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;

/**
 * HTTP has no receipts, so what the socket has not taken counts as unconfirmed: coarser than WebSocket by what the
 * kernel holds (some megabytes).
 */
export class SseOutlet implements Outlet {
  onRoom: (() => void) | undefined;
  limitBytes = MIN_UNCONFIRMED_LIMIT_BYTES;
  readonly unmarkedBytes = 0;
  private isOpen = true;

  constructor(
    private readonly response: ServerResponse,
    private readonly clock: Clock,
  ) {
    response.on('drain', () => this.onRoom?.());
    response.on('close', () => {
      this.isOpen = false;
    });
  }

  get unconfirmedBytes(): number {
    return this.response.writableLength;
  }

  setRate(bytesPerSecond: number): void {
    this.limitBytes = Math.max(MIN_UNCONFIRMED_LIMIT_BYTES, bytesPerSecond / 4);
  }

  write(bytes: Buffer): void {
    if (this.isOpen) this.response.write(bytes);
  }

  send(message: SessionMessage): void {
    if (!this.isOpen) return;
    if (this.response.writableLength > MAX_BUFFERED_BYTES) return this.close('too_slow');
    this.response.write(serverSentEvent(message.type, sessionMessage(message, this.clock.nowMicros())));
  }

  /** Keeps proxies from closing an idle stream. */
  keepAlive(): void {
    if (this.isOpen) this.response.write(': keep-alive\n\n');
  }

  close(reason: CloseReason, reconnectMs?: number): void {
    if (!this.isOpen) return;
    const retry = reconnectMs === undefined ? '' : `retry: ${reconnectMs}\n`;
    const bye = {
      code: closeCodeOf(reason),
      reason,
      ...(reconnectMs === undefined ? {} : { reconnect_ms: reconnectMs }),
    };
    const message = serverSentEvent('bye', sessionMessage({ type: 'bye', payload: bye }, this.clock.nowMicros()));
    this.response.end(Buffer.concat([Buffer.from(retry), message]));
    this.isOpen = false;
    this.clock.after(CLOSE_TIMEOUT_MS, () => this.response.destroy());
  }
}
