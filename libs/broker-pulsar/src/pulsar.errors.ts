import { DistributionError, type ErrorCode } from '@distributary/distribution-core';

/** A failure that Pulsar told, or that it told nothing; `isTransient`: the same request may succeed in a while. */
export class PulsarError extends DistributionError {
  constructor(
    /** Of HTTP; 0: there was no answer. */
    readonly status: number,
    readonly isTransient: boolean,
    code: ErrorCode,
    message: string,
    cause?: unknown,
  ) {
    super(code, message, cause === undefined ? {} : { cause });
  }
}

const CODES: ReadonlyMap<number, ErrorCode> = new Map<number, ErrorCode>([
  [400, 'request.invalid'],
  [404, 'topic.not_found'],
  [409, 'topic.exists'],
  [412, 'request.invalid'],
  [413, 'payload.too_large'],
]);
/** Whoever is not let in now will not be let in a moment later; what Pulsar does not offer it will not offer then. */
const FINAL: ReadonlySet<number> = new Set([401, 403, 405, 501]);

/** While a topic moves from one broker to another nobody serves it, which Pulsar tells as if it was asked for too much. */
const isMoving = (status: number, detail: string): boolean => status === 412 && /ownership/i.test(detail);

/** What Pulsar answered, in our codes; `what` says what was being done. */
export function pulsarError(status: number, what: string, detail = ''): PulsarError {
  const message = `Pulsar answered ${status} to ${what}${detail === '' ? '' : `: ${detail}`}`;
  if (isMoving(status, detail)) return new PulsarError(status, true, 'broker.unavailable', message);
  const code = CODES.get(status) ?? 'broker.unavailable';
  return new PulsarError(status, !CODES.has(status) && !FINAL.has(status), code, message);
}

/** No answer, or no connection. What was asked may have been done all the same. */
export function connectionLost(what: string, cause?: unknown): PulsarError {
  return new PulsarError(0, true, 'broker.unavailable', `no answer of Pulsar to ${what}${messageOf(cause)}`, cause);
}

/** Those that Node itself makes may be errors of another realm. */
function messageOf(cause: unknown): string {
  const message = typeof cause === 'object' && cause !== null && 'message' in cause ? cause.message : undefined;
  return typeof message === 'string' && message !== '' ? `: ${message}` : '';
}

export const isTransient = (error: unknown): boolean => error instanceof PulsarError && error.isTransient;

export const hasStatus = (error: unknown, ...statuses: readonly number[]): boolean =>
  error instanceof PulsarError && statuses.includes(error.status);

export const hasCode = (error: unknown, code: ErrorCode): error is DistributionError =>
  error instanceof DistributionError && error.code === code;

export const unavailable = (message: string, cause?: unknown): DistributionError =>
  new DistributionError('broker.unavailable', message, { cause });

export const topicNotFound = (topic: string): DistributionError =>
  new DistributionError('topic.not_found', `there is no topic ${topic}`);

/** Of others: ours are not let in. */
export const messageTooLarge = (what: string): DistributionError =>
  new DistributionError('payload.too_large', `a message is larger than a frame that is taken: ${what}`);

export const positionLost = (message: string): DistributionError => new DistributionError('position.lost', message);

/** What is under way may have been appended, whatever Pulsar refused since; only where its topic has gone it does not matter. */
export function writeFailure(error: unknown): DistributionError {
  const isGone = hasCode(error, 'topic.not_found') && !(error instanceof PulsarError);
  if (isGone || hasCode(error, 'broker.unavailable')) return error;
  return unavailable(
    `Pulsar did not let events be written: ${error instanceof Error ? error.message : String(error)}`,
    error,
  );
}
