import type { Clock } from '../ports/clock.port.js';
import type {
  IdempotencyLimits,
  IdempotencyStore,
  IdempotentCall,
  IdempotentClaim,
  KeptAnswer,
} from '../ports/idempotency-store.port.js';

interface Kept {
  readonly scope: string;
  readonly fingerprint: string;
  readonly attempt: string;
  readonly lockedUntilMs: number;
  readonly expiresMs: number;
  answer?: KeptAnswer;
}

/** Keeps keys for as long as it lives; time is the given clock's. */
export class InMemoryIdempotencyStore implements IdempotencyStore {
  private readonly kept = new Map<string, Kept>();

  constructor(private readonly clock: Clock) {}

  async begin(call: IdempotentCall, attempt: string, limits: IdempotencyLimits): Promise<IdempotentClaim> {
    const now = this.clock.monotonicMs();
    const known = this.kept.get(nameOf(call));
    if (known !== undefined && known.expiresMs > now) {
      if (known.fingerprint !== call.fingerprint) return { outcome: 'conflict' };
      if (known.answer !== undefined) return { outcome: 'answered', answer: known.answer };
      if (known.lockedUntilMs > now) return { outcome: 'busy' };
    }
    const { scope, fingerprint } = call;
    this.kept.delete(nameOf(call));
    this.kept.set(nameOf(call), {
      scope,
      fingerprint,
      attempt,
      lockedUntilMs: now + limits.attemptMs,
      expiresMs: now + limits.keepMs,
    });
    const ofScope = [...this.kept].filter(([, each]) => each.scope === scope);
    for (const [name] of ofScope.slice(0, Math.max(0, ofScope.length - limits.maxKeys))) this.kept.delete(name);
    return { outcome: 'begun', attempt };
  }

  async finish(call: IdempotentCall, attempt: string, answer: KeptAnswer): Promise<void> {
    const known = this.kept.get(nameOf(call));
    if (known?.attempt === attempt) known.answer = answer;
  }

  async abandon(call: IdempotentCall, attempt: string): Promise<void> {
    if (this.kept.get(nameOf(call))?.attempt === attempt) this.kept.delete(nameOf(call));
  }
}

const nameOf = ({ scope, key }: IdempotentCall): string => `${scope}\n${key}`;
