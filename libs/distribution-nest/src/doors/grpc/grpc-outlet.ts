import { Metadata, type ServiceError } from '@grpc/grpc-js';
import {
  type CloseReason,
  DistributionError,
  type ErrorCode,
  MIN_UNCONFIRMED_LIMIT_BYTES,
  type Outlet,
  type SessionMessage,
} from '@distributary/distribution-core';
import { grpcError } from '../../errors/grpc-error.js';
import type { CallStream } from './call-stream.js';
import { prefixed } from './message-framing.js';

/** Messages of one session that may wait behind data that the peer does not read. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;
const LIMIT_SECONDS = 0.25;

/** What is needed of a server-streaming or bidirectional call. */
export interface OutletCall {
  sendMetadata(metadata: Metadata): void;
  emit(event: 'error', error: ServiceError): boolean;
  on(event: 'cancelled' | 'close', listener: () => void): unknown;
}

const CODES = {
  going_away: 'draining',
  draining: 'draining',
  too_slow: 'consumer.too_slow',
  position_lost: 'position.lost',
  ownership_lost: 'generation.stale',
  overloaded: 'gateway.full',
  malformed: 'request.invalid',
  too_big: 'payload.too_large',
  heartbeat_missed: 'consumer.too_slow',
  hello_timeout: 'request.invalid',
  subprotocol: 'request.invalid',
  unauthenticated: 'auth.missing',
  token_expired: 'auth.expired',
  revoked: 'auth.forbidden',
  quota: 'quota.exceeded',
  internal: 'internal',
} as const satisfies Record<CloseReason, ErrorCode>;

/**
 * HTTP/2's flow control is the receipt: a write is confirmed when its callback fires, which is when the peer's window had
 * room for it. So a peer that does not read stops the fan-out after its window and the limit, and nothing piles up.
 */
export class GrpcOutlet implements Outlet {
  onRoom: (() => void) | undefined;
  readonly unmarkedBytes = 0;
  limitBytes = MIN_UNCONFIRMED_LIMIT_BYTES;
  private isOpen = true;
  private hasBegun = false;
  private wasFull = false;

  constructor(
    private readonly call: OutletCall,
    private readonly stream: Pick<CallStream, 'waitingBytes' | 'write'>,
    /** Undefined for messages that this method's response type does not have. */
    private readonly encode: (message: SessionMessage) => Buffer | undefined,
  ) {
    const ended = () => {
      this.isOpen = false;
    };
    call.on('cancelled', ended);
    call.on('close', ended);
  }

  get unconfirmedBytes(): number {
    return this.stream.waitingBytes;
  }

  setRate(bytesPerSecond: number): void {
    this.limitBytes = Math.max(MIN_UNCONFIRMED_LIMIT_BYTES, bytesPerSecond * LIMIT_SECONDS);
  }

  /** A flush: messages with their prefixes. */
  write(bytes: Buffer): void {
    if (!this.isOpen) return;
    if (!this.hasBegun) {
      this.hasBegun = true;
      this.call.sendMetadata(new Metadata());
    }
    this.stream.write(bytes, this.onWritten);
    if (this.unconfirmedBytes >= this.limitBytes) this.wasFull = true;
  }

  send(message: SessionMessage): void {
    if (!this.isOpen) return;
    if (this.unconfirmedBytes > MAX_BUFFERED_BYTES) return this.close('too_slow');
    const bytes = this.encode(message);
    if (bytes !== undefined) this.write(prefixed(bytes));
  }

  /**
   * The status says why and when to come back. It follows what was written before, so a peer that does not read learns of
   * it late; until then it holds no more than what is unconfirmed.
   */
  close(reason: CloseReason, reconnectMs?: number): void {
    this.fail(
      new DistributionError(CODES[reason], `The server closed the stream: ${reason}.`, {
        ...(reconnectMs !== undefined && { retryAfterMs: reconnectMs }),
      }),
    );
  }

  /** Ends the call with the status of an error. */
  fail(error: unknown): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.call.emit('error', grpcError(error));
  }

  /** One for all writes: what waits is known by the stream. */
  private readonly onWritten = (): void => {
    if (!this.isOpen || !this.wasFull || this.unconfirmedBytes >= this.limitBytes / 2) return;
    this.wasFull = false;
    this.onRoom?.();
  };
}
