import type { DistributionError } from '@distributary/distribution-core';
import { mappingOf } from './error-mapping.js';

/** RFC 9457, `application/problem+json`. */
export interface ProblemDetails {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly errors?: readonly { readonly path: string; readonly rule: string }[];
  readonly trace_id?: string;
}

export const PROBLEM_CONTENT_TYPE = 'application/problem+json; charset=utf-8';

const DEFAULT_RETRY_AFTER_MS = 1_000;

export function problemDetails(error: DistributionError, traceId: string | undefined): ProblemDetails {
  const { title, httpStatus } = mappingOf(error.code);
  return {
    type: `urn:distributary:problem:${error.code}`,
    title,
    status: httpStatus,
    detail: error.message,
    code: error.code,
    ...(error.problems.length > 0 && { errors: error.problems }),
    ...(traceId !== undefined && { trace_id: traceId }),
  };
}

/** When to come back, in milliseconds; undefined if coming back with the same request is pointless. */
export function retryAfterMsOf(error: DistributionError): number | undefined {
  return error.retryable ? (error.retryAfterMs ?? DEFAULT_RETRY_AFTER_MS) : undefined;
}

/** The `Retry-After` header: whole seconds, rounded up, so that nobody comes too early. */
export function retryAfterSeconds(error: DistributionError): string | undefined {
  const delayMs = retryAfterMsOf(error);
  return delayMs === undefined ? undefined : String(Math.max(1, Math.ceil(delayMs / 1000)));
}
