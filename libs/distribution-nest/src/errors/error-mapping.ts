import { status as GrpcStatus } from '@grpc/grpc-js';
import { CLOSE_CODES } from '@distributary/contracts';
import type { ErrorCode } from '@distributary/distribution-core';
import type { LogLevel } from '../logging/logger.js';

export interface ErrorMapping {
  readonly title: string;
  readonly httpStatus: number;
  readonly grpcStatus: GrpcStatus;
  /** The close code, where the error ends a connection. */
  readonly closeCode: number;
  /** `error`: an `error` message is sent and the connection goes on, unless the fault is the connection's own. */
  readonly webSocket: 'error' | 'close';
  readonly logLevel: LogLevel;
}

function mapping(
  title: string,
  httpStatus: number,
  grpcStatus: GrpcStatus,
  webSocket: 'error' | 'close',
  closeCode: number,
  logLevel: LogLevel = 'debug',
): ErrorMapping {
  return { title, httpStatus, grpcStatus, webSocket, closeCode, logLevel };
}

const notFound = (what: string) =>
  mapping(`No such ${what}`, 404, GrpcStatus.NOT_FOUND, 'error', CLOSE_CODES.unknownResource);
const exists = (what: string) =>
  mapping(`This ${what} exists already`, 409, GrpcStatus.ALREADY_EXISTS, 'error', CLOSE_CODES.conflict);

/** The one table: a new code does not compile until every transport knows it. */
export const ERROR_MAPPING = {
  'request.invalid': mapping('Invalid request', 400, GrpcStatus.INVALID_ARGUMENT, 'error', CLOSE_CODES.malformed),
  'auth.missing': mapping('Not authenticated', 401, GrpcStatus.UNAUTHENTICATED, 'close', CLOSE_CODES.unauthenticated),
  'auth.expired': mapping('Token expired', 401, GrpcStatus.UNAUTHENTICATED, 'close', CLOSE_CODES.unauthenticated),
  'auth.forbidden': mapping('Not permitted', 403, GrpcStatus.PERMISSION_DENIED, 'error', CLOSE_CODES.forbidden, 'info'),
  'origin.refused': mapping(
    'Host or origin refused',
    403,
    GrpcStatus.PERMISSION_DENIED,
    'close',
    CLOSE_CODES.forbidden,
    'warn',
  ),
  'topic.not_found': notFound('topic'),
  'subscription.not_found': notFound('subscription'),
  'dead_letter.not_found': notFound('dead letter'),
  'service.not_found': notFound('service'),
  'symbol.not_found': notFound('symbol'),
  'rule.not_found': notFound('rule'),
  'api_key.not_found': notFound('API key'),
  'route.not_found': notFound('route'),
  'transformation.not_found': notFound('transformation'),
  'transformation.exists': exists('transformation'),
  'lookup_table.not_found': notFound('look-up table'),
  'topic.exists': exists('topic'),
  'rule.exists': exists('rule'),
  'topic.in_use': mapping('Topic is in use', 409, GrpcStatus.FAILED_PRECONDITION, 'error', CLOSE_CODES.conflict),
  'subscription.exists': exists('subscription'),
  'subscription.taken': mapping(
    'Subscription is in use',
    409,
    GrpcStatus.FAILED_PRECONDITION,
    'error',
    CLOSE_CODES.conflict,
  ),
  'subscription.paused': mapping(
    'Subscription is paused',
    409,
    GrpcStatus.FAILED_PRECONDITION,
    'error',
    CLOSE_CODES.conflict,
  ),
  'event.key_conflict': mapping(
    'Event id was used with another routing key',
    409,
    GrpcStatus.ALREADY_EXISTS,
    'error',
    CLOSE_CODES.conflict,
  ),
  'generation.stale': mapping(
    'Subscription has a new owner',
    409,
    GrpcStatus.FAILED_PRECONDITION,
    'error',
    CLOSE_CODES.conflict,
  ),
  'position.lost': mapping(
    'Position is no longer available',
    410,
    GrpcStatus.OUT_OF_RANGE,
    'close',
    CLOSE_CODES.positionLost,
    'info',
  ),
  'precondition.failed': mapping(
    'Changed since it was read',
    412,
    GrpcStatus.FAILED_PRECONDITION,
    'error',
    CLOSE_CODES.conflict,
  ),
  'idempotency.conflict': mapping(
    'Idempotency key was used for another request',
    422,
    GrpcStatus.FAILED_PRECONDITION,
    'error',
    CLOSE_CODES.conflict,
  ),
  'idempotency.busy': mapping('The same request is under way', 409, GrpcStatus.ABORTED, 'error', CLOSE_CODES.conflict),
  'payload.too_large': mapping('Too large', 413, GrpcStatus.RESOURCE_EXHAUSTED, 'close', CLOSE_CODES.tooBig, 'info'),
  'schema.rejected': mapping('Schema violated', 422, GrpcStatus.INVALID_ARGUMENT, 'error', CLOSE_CODES.malformed),
  'quota.exceeded': mapping('Quota exceeded', 429, GrpcStatus.RESOURCE_EXHAUSTED, 'error', CLOSE_CODES.quota, 'info'),
  'ingest.busy': mapping(
    'Too busy to take events',
    429,
    GrpcStatus.RESOURCE_EXHAUSTED,
    'error',
    CLOSE_CODES.quota,
    'warn',
  ),
  // Only an SSE stream can meet it over HTTP, and there it is an event, not a status.
  'consumer.too_slow': mapping(
    'Consumer too slow',
    503,
    GrpcStatus.RESOURCE_EXHAUSTED,
    'close',
    CLOSE_CODES.tooSlow,
    'info',
  ),
  'broker.unavailable': mapping(
    'Broker unavailable',
    503,
    GrpcStatus.UNAVAILABLE,
    'close',
    CLOSE_CODES.overloaded,
    'error',
  ),
  'store.unavailable': mapping(
    'Store unavailable',
    503,
    GrpcStatus.UNAVAILABLE,
    'close',
    CLOSE_CODES.overloaded,
    'error',
  ),
  'gateway.full': mapping('Gateway full', 503, GrpcStatus.UNAVAILABLE, 'close', CLOSE_CODES.overloaded, 'warn'),
  draining: mapping('Shutting down', 503, GrpcStatus.UNAVAILABLE, 'close', CLOSE_CODES.draining, 'info'),
  internal: mapping('Internal error', 500, GrpcStatus.INTERNAL, 'close', CLOSE_CODES.internal, 'error'),
} as const satisfies Record<ErrorCode, ErrorMapping>;

export const mappingOf = (code: ErrorCode): ErrorMapping => ERROR_MAPPING[code];
