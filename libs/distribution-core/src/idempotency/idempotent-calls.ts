import { createHash } from 'node:crypto';
import { DistributionError, invalidRequest } from '../errors/distribution-error.js';
import type { Clock } from '../ports/clock.port.js';
import type { IdSource } from '../ports/id-source.port.js';
import type {
  IdempotencyLimits,
  IdempotencyStore,
  IdempotentCall,
  KeptAnswer,
} from '../ports/idempotency-store.port.js';

export interface IdempotentCallsDependencies {
  readonly store: IdempotencyStore;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly limits?: Partial<IdempotencyLimits>;
  /** An answer that cannot be kept is given all the same; a repetition is then carried out anew. */
  readonly onUnkept: (error: unknown) => void;
}

export const DEFAULT_IDEMPOTENCY_LIMITS: IdempotencyLimits = {
  attemptMs: 60_000,
  keepMs: 24 * 3_600_000,
  maxKeys: 10_000,
};

const WAIT_MS = 10_000;
const ASK_EVERY_MS = 50;
const KEY = /^[\x21-\x7e]{1,200}$/;

export interface OnceAnswer {
  readonly answer: KeptAnswer;
  /** It was carried out before: this is what it was answered with then. */
  readonly isRepeated: boolean;
}

/** Creating calls that bear a key are carried out once, however often and wherever they arrive. */
export class IdempotentCalls {
  private readonly limits: IdempotencyLimits;

  constructor(private readonly deps: IdempotentCallsDependencies) {
    this.limits = { ...DEFAULT_IDEMPOTENCY_LIMITS, ...deps.limits };
  }

  /**
   * What fails is not kept, so that it may be tried again. `idempotency.conflict`, `idempotency.busy` (the same call is
   * under way for longer than anybody waits), `request.invalid` for what cannot be a key, `store.unavailable`, and what the
   * work throws.
   */
  async once(call: IdempotentCall, work: () => Promise<KeptAnswer>): Promise<OnceAnswer> {
    if (!KEY.test(call.key)) {
      throw invalidRequest([{ path: 'idempotency-key', rule: 'must be 1 to 200 printable characters without spaces' }]);
    }
    const { store, clock, ids } = this.deps;
    const attempt = ids.uuid();
    const endMs = clock.monotonicMs() + WAIT_MS;
    for (;;) {
      const claim = await store.begin(call, attempt, this.limits);
      switch (claim.outcome) {
        case 'begun':
          return { answer: await this.carryOut(call, attempt, work), isRepeated: false };
        case 'answered':
          return { answer: claim.answer, isRepeated: true };
        case 'conflict':
          throw new DistributionError('idempotency.conflict', `the key ${call.key} was used for another request`);
        case 'busy':
          if (clock.monotonicMs() >= endMs) {
            throw new DistributionError('idempotency.busy', 'the same request is under way', { retryAfterMs: 1_000 });
          }
          await new Promise<void>((resolve) => clock.after(ASK_EVERY_MS, resolve));
      }
    }
  }

  private async carryOut(call: IdempotentCall, attempt: string, work: () => Promise<KeptAnswer>): Promise<KeptAnswer> {
    const { store, onUnkept } = this.deps;
    let answer: KeptAnswer;
    try {
      answer = await work();
    } catch (error) {
      await store.abandon(call, attempt).catch(onUnkept);
      throw error;
    }
    await store.finish(call, attempt, answer).catch(onUnkept);
    return answer;
  }
}

/** Equal for equal requests, whatever the order of their fields. */
export function requestFingerprint(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts, sortedFields)).digest('base64url');
}

function sortedFields(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}
