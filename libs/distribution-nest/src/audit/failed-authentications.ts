import type { AuditEntry, Clock, ErrorCode, IdSource } from '@distributary/distribution-core';
import type { AuditTrail } from './audit-trail.js';

export interface FailedAuthentication {
  readonly door: 'rest' | 'websocket' | 'grpc';
  readonly code: ErrorCode;
  readonly address: string | undefined;
  readonly traceId: string | undefined;
}

/** Entries that are written at once after a quiet time, and how long each takes to be allowed again. */
const BURST = 20;
const ONE_EVERY_MS = 3_000;

/**
 * Attempts to get in, in the audit log of the default tenant: nobody knows yet whose they are. Bounded, so that who
 * tries a million keys does not fill the log: what is too much is counted, and the next entry says how many there were.
 */
export class FailedAuthentications {
  private tokens = BURST;
  private atMs: number;
  private untold = 0;

  constructor(
    private readonly trail: AuditTrail,
    private readonly clock: Clock,
    private readonly ids: IdSource,
  ) {
    this.atMs = clock.monotonicMs();
  }

  readonly record = ({ door, code, address, traceId }: FailedAuthentication): void => {
    const nowMs = this.clock.monotonicMs();
    this.tokens = Math.min(BURST, this.tokens + (nowMs - this.atMs) / ONE_EVERY_MS);
    this.atMs = nowMs;
    if (this.tokens < 1 || !this.trail.hasRoom) {
      this.untold++;
      return;
    }
    this.tokens--;
    const entry: AuditEntry = {
      id: this.ids.uuid(),
      atMicros: this.clock.nowMicros(),
      tenant: 'default',
      principal: 'nobody',
      principalKind: 'unknown',
      act: 'authentication',
      target: undefined,
      outcome: 'refused',
      code,
      door,
      traceId,
      address,
      before: undefined,
      after: undefined,
      count: 1 + this.untold,
    };
    this.untold = 0;
    void this.trail.record(entry);
  };
}
