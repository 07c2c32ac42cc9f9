import type { ErrorPayload } from '@distributary/contracts';

/** Codes that arise in the client itself; every other code is the service's own (`auth.expired`, `position.lost`, …). */
export type ClientErrorCode =
  /** The connection broke before the answer came; whether the request took effect is unknown. */
  | 'connection.lost'
  /** `close()` was called. */
  | 'connection.closed'
  /** The service closed with a code that says: do not come back. */
  | 'connection.refused'
  | 'request.timeout'
  /** Too many requests of this client are waiting for an answer. */
  | 'client.busy'
  /** The consumer is behind by the queue's limit and this transport cannot stop reading. */
  | 'consumer.too_slow'
  /** A handler threw or rejected; `cause` is what it threw. */
  | 'handler.failed'
  | 'request.invalid'
  | 'protocol.violation';

export interface DistributaryErrorOptions {
  readonly retryable?: boolean;
  readonly retryAfterMs?: number;
  /** WebSocket close code or HTTP status, where there was one. */
  readonly status?: number;
  readonly problems?: ErrorPayload['errors'];
  readonly cause?: unknown;
}

export class DistributaryError extends Error {
  override readonly name = 'DistributaryError';
  /** A {@link ClientErrorCode} or a code of the service. */
  readonly code: string;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly status: number | undefined;
  readonly problems: NonNullable<ErrorPayload['errors']>;

  constructor(code: ClientErrorCode | (string & {}), message: string, options: DistributaryErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.retryAfterMs = options.retryAfterMs;
    this.status = options.status;
    this.problems = options.problems ?? [];
  }
}

export function errorOfPayload(payload: ErrorPayload): DistributaryError {
  return new DistributaryError(payload.code, payload.message, {
    retryable: payload.retryable,
    retryAfterMs: payload.retry_after_ms,
    problems: payload.errors,
  });
}

const REFUSALS: Readonly<Record<number, string>> = {
  4400: 'request.invalid',
  4401: 'auth.missing',
  4403: 'auth.forbidden',
  4409: 'subscription.taken',
  4413: 'payload.too_large',
  4429: 'quota.exceeded',
};

/** 44xx: coming back would not help unless something changes. */
export const isFinalClose = (code: number): boolean => code >= 4400 && code < 4500;

const UNAUTHENTICATED = 4401;
const TOKEN_EXPIRED = 'token_expired';

/** `hasNextToken`: another one can be had, so that coming back after its expiry helps. */
export function errorOfClose(code: number, reason: string, hasNextToken = false): DistributaryError {
  const said = reason === '' ? `closed with ${code}` : `${reason} (${code})`;
  if (!isFinalClose(code)) return new DistributaryError('connection.lost', said, { retryable: true, status: code });
  if (code === UNAUTHENTICATED && reason === TOKEN_EXPIRED) {
    return new DistributaryError('auth.expired', said, { status: code, retryable: hasNextToken });
  }
  return new DistributaryError(REFUSALS[code] ?? 'connection.refused', said, { status: code });
}
