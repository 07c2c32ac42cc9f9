import { Metadata, type ServiceError } from '@grpc/grpc-js';
import type { Logger } from '../logging/logger.js';
import { asDistributionError } from './as-distribution-error.js';
import { mappingOf } from './error-mapping.js';
import { retryAfterMsOf } from './problem-details.js';
import { GRPC_STATUS_DETAILS_KEY, statusWithRetryInfo } from './rpc-status.js';

export const GRPC_CODE_KEY = 'distributary-code';
export const GRPC_RETRY_KEY = 'distributary-retry-after-ms';
/** JSON list of `{ path, rule }`; binary, because rules may hold any character. */
export const GRPC_PROBLEMS_KEY = 'distributary-problems-bin';

/** Trailers have to fit into the peer's header list; what is past that is left out. */
const MAX_PROBLEMS_BYTES = 4_096;

/** The status that ends a gRPC call, with our code and when to come back in its trailing metadata. */
export function grpcError(thrown: unknown): ServiceError {
  const error = asDistributionError(thrown);
  const metadata = new Metadata();
  metadata.set(GRPC_CODE_KEY, error.code);
  const retryAfterMs = retryAfterMsOf(error);
  const { grpcStatus } = mappingOf(error.code);
  const details = error.message.slice(0, MAX_PROBLEMS_BYTES);
  if (retryAfterMs !== undefined) {
    metadata.set(GRPC_RETRY_KEY, String(Math.ceil(retryAfterMs)));
    metadata.set(GRPC_STATUS_DETAILS_KEY, statusWithRetryInfo(grpcStatus, details, retryAfterMs));
  }
  if (error.problems.length > 0) metadata.set(GRPC_PROBLEMS_KEY, problemsBytes(error.problems));
  return Object.assign(new Error(error.message), {
    code: grpcStatus,
    details,
    metadata,
  });
}

export function logGrpcError(logger: Logger, method: string, thrown: unknown): void {
  const error = asDistributionError(thrown);
  const { logLevel } = mappingOf(error.code);
  logger[logLevel]('grpc.call_failed', {
    code: error.code,
    method,
    ...(logLevel === 'error' && { error: error.cause ?? error }),
  });
}

function problemsBytes(problems: readonly { path: string; rule: string }[]): Buffer {
  for (let count = problems.length; count > 0; count = Math.floor(count / 2)) {
    const bytes = Buffer.from(JSON.stringify(problems.slice(0, count)));
    if (bytes.length <= MAX_PROBLEMS_BYTES) return bytes;
  }
  return Buffer.from('[]');
}
