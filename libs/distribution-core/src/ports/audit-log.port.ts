import type { ErrorCode } from '../errors/error-codes.js';

export const AUDIT_OUTCOMES = ['done', 'refused', 'failed'] as const;
/** `refused`: the caller's fault. `failed`: ours; the act may have taken effect or not. */
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/** One administrative act, or failed attempts to be let in: who, on what, how it ended. Holds no secrets. */
export interface AuditEntry {
  /** Of the act, made before it; the same entry stored twice is one. */
  readonly id: string;
  readonly atMicros: number;
  readonly tenant: string;
  readonly principal: string;
  readonly principalKind: string;
  /** `topics.create`, `authentication`. */
  readonly act: string;
  /** What it was done to, as the caller named it. */
  readonly target: string | undefined;
  readonly outcome: AuditOutcome;
  readonly code: ErrorCode | undefined;
  readonly door: string;
  readonly traceId: string | undefined;
  readonly address: string | undefined;
  /** JSON values; undefined: there was none, or nobody said. */
  readonly before: unknown;
  readonly after: unknown;
  /** How often, where several are told in one entry. */
  readonly count: number;
}

export interface StoredAuditEntry extends AuditEntry {
  /** Grows with each entry of the log; the cursor of a page. */
  readonly sequence: number;
}

export interface AuditQuery {
  readonly tenant: string;
  readonly limit: number;
  /** Only entries before this one. */
  readonly beforeSequence?: number;
  readonly principal?: string;
  readonly act?: string;
  readonly target?: string;
  readonly outcome?: AuditOutcome;
  /** From this time on, and before that one. */
  readonly fromMicros?: number;
  readonly toMicros?: number;
}

/**
 * What was done, kept for those who ask later. Entries are never changed; they go when retention says so.
 *
 * Atomicity: all entries of a call or none; one whose id is there already is left as it is. Failure:
 * `store.unavailable`. Calls may overlap.
 */
export interface AuditLog {
  append(entries: readonly AuditEntry[]): Promise<void>;
  /** Newest first, of one tenant. */
  find(query: AuditQuery): Promise<readonly StoredAuditEntry[]>;
  /** Removes at most `limit` entries from before `micros`; resolves to how many there were. */
  prune(beforeMicros: number, limit: number): Promise<number>;
}
