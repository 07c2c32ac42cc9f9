import type {
  IdempotencyLimits,
  IdempotencyStore,
  IdempotentCall,
  IdempotentClaim,
  KeptAnswer,
} from '@distributary/distribution-core';
import type { DataSource } from 'typeorm';
import { translated } from './postgres.errors.js';

/** Expired keys that are removed with each call that begins: more than it adds, so they go faster than they come. */
const SWEEP_ROWS = 100;

/** The {@link IdempotencyStore} on PostgreSQL; time is the database's. */
export class PostgresIdempotencyStore implements IdempotencyStore {
  constructor(private readonly dataSource: DataSource) {}

  begin(call: IdempotentCall, attempt: string, limits: IdempotencyLimits): Promise<IdempotentClaim> {
    const { scope, key, fingerprint } = call;
    return translated(async () => {
      const begun = await this.query(
        `INSERT INTO idempotency_keys AS kept (scope, key, fingerprint, attempt, locked_until, expires_at)
         VALUES ($1, $2, $3, $4, now() + $5 * interval '1 millisecond', now() + $6 * interval '1 millisecond')
         ON CONFLICT (scope, key) DO UPDATE
           SET fingerprint = excluded.fingerprint, attempt = excluded.attempt, answer = NULL, created_at = now(),
               locked_until = excluded.locked_until, expires_at = excluded.expires_at
           WHERE kept.expires_at <= now()
              OR (kept.answer IS NULL AND kept.locked_until <= now() AND kept.fingerprint = excluded.fingerprint)
         RETURNING 1`,
        [scope, key, fingerprint, attempt, limits.attemptMs, limits.keepMs],
      );
      if (begun.length > 0) {
        await this.sweep(scope, limits.maxKeys);
        return { outcome: 'begun', attempt };
      }
      const [kept] = await this.query<{ fingerprint: string; answer: KeptAnswer | null }>(
        'SELECT fingerprint, answer FROM idempotency_keys WHERE scope = $1 AND key = $2',
        [scope, key],
      );
      // Gone since: whoever had it gave it up.
      if (kept === undefined) return { outcome: 'busy' };
      if (kept.fingerprint !== fingerprint) return { outcome: 'conflict' };
      return kept.answer === null ? { outcome: 'busy' } : { outcome: 'answered', answer: kept.answer };
    });
  }

  finish({ scope, key }: IdempotentCall, attempt: string, answer: KeptAnswer): Promise<void> {
    return translated(async () => {
      await this.query('UPDATE idempotency_keys SET answer = $4 WHERE scope = $1 AND key = $2 AND attempt = $3', [
        scope,
        key,
        attempt,
        JSON.stringify(answer),
      ]);
    });
  }

  abandon({ scope, key }: IdempotentCall, attempt: string): Promise<void> {
    return translated(async () => {
      await this.query('DELETE FROM idempotency_keys WHERE scope = $1 AND key = $2 AND attempt = $3', [
        scope,
        key,
        attempt,
      ]);
    });
  }

  private async sweep(scope: string, maxKeys: number): Promise<void> {
    await this.query(
      `WITH expired AS (
         DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
           SELECT ctid FROM idempotency_keys WHERE expires_at <= now() LIMIT ${SWEEP_ROWS} FOR UPDATE SKIP LOCKED)))
       DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
         SELECT ctid FROM idempotency_keys WHERE scope = $1 AND expires_at > now() ORDER BY created_at DESC OFFSET $2))`,
      [scope, maxKeys],
    );
  }

  /** What `RETURNING` gives is rows for an insert, rows and a count for an update: only the former is looked at. */
  private query<Row>(sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    return this.dataSource.query<Row[]>(sql, parameters as unknown[]);
  }
}
