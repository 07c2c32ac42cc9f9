import type { AuditEntry, AuditLog, AuditQuery, StoredAuditEntry } from '@distributary/distribution-core';
import type { DataSource } from 'typeorm';
import { translated } from '../postgres.errors.js';

interface AuditRow extends Omit<StoredAuditEntry, 'sequence' | 'atMicros' | 'principalKind' | 'traceId'> {
  readonly sequence: string;
  readonly at_micros: string;
  readonly principal_kind: string;
  readonly trace_id: string | null;
}

/** The longest texts that the columns hold; what a caller named may be longer. */
const MAX_TARGET = 300;
const MAX_PRINCIPAL = 200;

const INSERT = `
  INSERT INTO audit_log (id, at, tenant, principal, principal_kind, act, target, outcome, code, door, trace_id, address,
                         before, after, count)
  SELECT id, 'epoch'::timestamptz + at_micros * interval '1 microsecond', tenant, principal, principal_kind, act, target,
         outcome, code, door, trace_id, address, before, after, count
    FROM jsonb_to_recordset($1::jsonb) AS entry (
      id uuid, at_micros bigint, tenant text, principal text, principal_kind text, act text, target text, outcome text,
      code text, door text, trace_id text, address text, before jsonb, after jsonb, count integer)
  ON CONFLICT (id) DO NOTHING`;

const FIND = `
  SELECT sequence, id, (extract(epoch FROM at) * 1000000)::bigint AS at_micros, tenant, principal, principal_kind, act,
         target, outcome, code, door, trace_id, address, before, after, count
    FROM audit_log
   WHERE tenant = $1 AND ($2::bigint IS NULL OR sequence < $2)
     AND ($3::text IS NULL OR principal = $3) AND ($4::text IS NULL OR act = $4)
     AND ($5::text IS NULL OR target = $5) AND ($6::text IS NULL OR outcome = $6)
     AND ($7::bigint IS NULL OR at >= 'epoch'::timestamptz + $7::bigint * interval '1 microsecond')
     AND ($8::bigint IS NULL OR at < 'epoch'::timestamptz + $8::bigint * interval '1 microsecond')
   ORDER BY sequence DESC LIMIT $9`;

/** Oldest first, by the index over time. */
const PRUNE = `
  WITH gone AS (
    DELETE FROM audit_log WHERE sequence IN (
      SELECT sequence FROM audit_log WHERE at < 'epoch'::timestamptz + $1::bigint * interval '1 microsecond'
       ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED)
    RETURNING 1)
  SELECT count(*)::integer AS count FROM gone`;

/** The {@link AuditLog} on PostgreSQL; every call is one statement. */
export class PostgresAuditLog implements AuditLog {
  constructor(private readonly dataSource: DataSource) {}

  append(entries: readonly AuditEntry[]): Promise<void> {
    return translated(async () => {
      await this.dataSource.query(INSERT, [storable(JSON.stringify(entries.map(rowOf)))]);
    });
  }

  find(query: AuditQuery): Promise<readonly StoredAuditEntry[]> {
    const { tenant, beforeSequence, principal, act, target, outcome, fromMicros, toMicros, limit } = query;
    return translated(async () => {
      const rows = await this.dataSource.query<AuditRow[]>(FIND, [
        tenant,
        beforeSequence ?? null,
        principal ?? null,
        act ?? null,
        target ?? null,
        outcome ?? null,
        fromMicros ?? null,
        toMicros ?? null,
        limit,
      ]);
      return rows.map(entryOf);
    });
  }

  prune(beforeMicros: number, limit: number): Promise<number> {
    return translated(async () => {
      const [{ count }] = await this.dataSource.query<{ count: number }[]>(PRUNE, [beforeMicros, limit]);
      return count;
    });
  }
}

/** In JSON text: NUL, and half of a surrogate pair, which JSON may hold and PostgreSQL refuses. */
const REFUSED_CHARACTERS = /(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/gi;

/** What callers sent is written down whatever it was: such characters become U+FFFD. */
const storable = (json: string): string => json.replace(REFUSED_CHARACTERS, '$1\\ufffd');

function rowOf({ atMicros, principalKind, traceId, target, principal, ...entry }: AuditEntry): object {
  return {
    ...entry,
    principal: principal.slice(0, MAX_PRINCIPAL),
    target: target?.slice(0, MAX_TARGET),
    at_micros: Math.round(atMicros),
    principal_kind: principalKind,
    trace_id: traceId,
  };
}

function entryOf({ sequence, at_micros, principal_kind, trace_id, ...row }: AuditRow): StoredAuditEntry {
  return {
    ...row,
    sequence: Number(sequence),
    atMicros: Number(at_micros),
    principalKind: principal_kind,
    traceId: trace_id ?? undefined,
    target: row.target ?? undefined,
    code: row.code ?? undefined,
    address: row.address ?? undefined,
    before: row.before ?? undefined,
    after: row.after ?? undefined,
  };
}
