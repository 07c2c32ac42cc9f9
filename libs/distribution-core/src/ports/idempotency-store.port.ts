/** A request that may be sent again: who sends it, the key that they chose, and what it asks for. */
export interface IdempotentCall {
  /** Whose keys they are: two callers may choose the same. */
  readonly scope: string;
  readonly key: string;
  /** Of everything that is asked for: the same key with another one is a mistake of the caller. */
  readonly fingerprint: string;
}

/** What the first call was answered with; later ones are answered the same. JSON. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export type IdempotentClaim =
  /** Nobody did it yet: the caller does, and finishes or abandons the attempt. */
  | { readonly outcome: 'begun'; readonly attempt: string }
  | { readonly outcome: 'answered'; readonly answer: KeptAnswer }
  /** Somebody else does it now. */
  | { readonly outcome: 'busy' }
  /** The key belongs to another request. */
  | { readonly outcome: 'conflict' };

export interface IdempotencyLimits {
  /** An attempt that is neither finished nor abandoned by then was interrupted: another one may begin. */
  readonly attemptMs: number;
  readonly keepMs: number;
  /** Of one scope; beyond it the oldest are forgotten. */
  readonly maxKeys: number;
}

/**
 * Which requests have been carried out, for all processes. Time is the store's own. `attempt` is the caller's new, unique
 * name for what it is about to do. Failure: `store.unavailable`. Calls may overlap: of those that begin the same call, one
 * is told `begun`.
 */
export interface IdempotencyStore {
  begin(call: IdempotentCall, attempt: string, limits: IdempotencyLimits): Promise<IdempotentClaim>;
  /** Does nothing if the attempt was given up in the meantime. */
  finish(call: IdempotentCall, attempt: string, answer: KeptAnswer): Promise<void>;
  /** It came to nothing: it may be tried again. */
  abandon(call: IdempotentCall, attempt: string): Promise<void>;
}
