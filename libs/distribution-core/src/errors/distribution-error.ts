import type { ErrorCode } from './error-codes.js';

/** One thing wrong with a request: where (`events[3].routing.topic`) and which rule it breaks. */
export interface Problem {
  readonly path: string;
  readonly rule: string;
}

export interface DistributionErrorOptions {
  readonly problems?: readonly Problem[];
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

const RETRYABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  // Its owner may be gone: then its term ends soon.
  'subscription.taken',
  'quota.exceeded',
  'idempotency.busy',
  'ingest.busy',
  'consumer.too_slow',
  'broker.unavailable',
  'store.unavailable',
  'gateway.full',
  'draining',
]);

/** Every failure that may reach a caller. The message is for people and holds nothing secret. */
export class DistributionError extends Error {
  override readonly name = 'DistributionError';
  readonly problems: readonly Problem[];
  readonly retryAfterMs: number | undefined;

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: DistributionErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.problems = options.problems ?? [];
    this.retryAfterMs = options.retryAfterMs;
  }

  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }
}

export function invalidRequest(problems: readonly Problem[]): DistributionError {
  const summary = problems.map((problem) => `${problem.path || '(root)'}: ${problem.rule}`).join('; ');
  return new DistributionError('request.invalid', summary, { problems });
}
