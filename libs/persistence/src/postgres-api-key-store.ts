import {
  type ApiKey,
  type ApiKeyStore,
  type Clock,
  parsePermissions,
  permissionToJson,
} from '@distributary/distribution-core';
import type { DataSource } from 'typeorm';
import { NotificationListener } from './notification-listener.js';
import { translated } from './postgres.errors.js';

const CHANNEL = 'distribution_api_key_revoked';

const COLUMNS = `id, tenant, name, secret_hash, permissions, created_at, expires_at, revoked_at, last_used_at`;

interface Row {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly secret_hash: string;
  readonly permissions: unknown;
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly revoked_at: Date | null;
  readonly last_used_at: Date | null;
}

/** The {@link ApiKeyStore} on PostgreSQL; NOTIFY tells of revocations when their transaction commits. */
export class PostgresApiKeyStore implements ApiKeyStore {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  create(key: ApiKey): Promise<void> {
    return translated(async () => {
      await this.dataSource.query(`INSERT INTO api_keys (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, [
        key.id,
        key.tenant,
        key.name,
        key.secretHash,
        JSON.stringify(key.permissions.map(permissionToJson)),
        dateOf(key.createdAtMicros),
        dateOf(key.expiresAtMicros),
        dateOf(key.revokedAtMicros),
        dateOf(key.lastUsedAtMicros),
      ]);
    });
  }

  async find(id: string): Promise<ApiKey | undefined> {
    const [key] = await this.query(`SELECT ${COLUMNS} FROM api_keys WHERE id = $1`, [id]);
    return key;
  }

  list(tenant: string): Promise<readonly ApiKey[]> {
    return this.query(`SELECT ${COLUMNS} FROM api_keys WHERE tenant = $1 ORDER BY id COLLATE "C"`, [tenant]);
  }

  async revoke(tenant: string, id: string, atMicros: number): Promise<ApiKey | undefined> {
    const [key] = await this.query(
      `WITH revoked AS (
         UPDATE api_keys SET revoked_at = coalesce(revoked_at, $3) WHERE tenant = $1 AND id = $2 RETURNING ${COLUMNS}),
       told AS (SELECT pg_notify('${CHANNEL}', id) FROM revoked)
       SELECT revoked.* FROM revoked, told`,
      [tenant, id, dateOf(atMicros)],
    );
    return key;
  }

  used(uses: ReadonlyMap<string, number>): Promise<void> {
    if (uses.size === 0) return Promise.resolve();
    // Sorted, so that statements of several processes lock rows in one order.
    const sorted = [...uses].sort(([one], [other]) => (one < other ? -1 : 1));
    return translated(async () => {
      await this.dataSource.query(
        `UPDATE api_keys SET last_used_at = greatest(last_used_at, used.at)
         FROM unnest($1::text[], $2::timestamptz[]) AS used (id, at) WHERE api_keys.id = used.id`,
        [sorted.map(([id]) => id), sorted.map(([, atMicros]) => dateOf(atMicros))],
      );
    });
  }

  revokedOf(ids: readonly string[]): Promise<readonly string[]> {
    if (ids.length === 0) return Promise.resolve([]);
    return translated(async () => {
      const rows = await this.dataSource.query<{ id: string }[]>(
        `SELECT asked.id FROM unnest($1::text[]) AS asked (id)
         LEFT JOIN api_keys ON api_keys.id = asked.id
         WHERE api_keys.id IS NULL OR api_keys.revoked_at IS NOT NULL`,
        [ids],
      );
      return rows.map(({ id }) => id);
    });
  }

  onRevoked(listener: (id: string) => void): () => Promise<void> {
    // What was missed while it was not connected is found by those who ask `revokedOf` now and then.
    const listening = new NotificationListener(this.dataSource, CHANNEL, this.clock, (id) => {
      if (id !== undefined) listener(id);
    });
    listening.start();
    return () => listening.stop();
  }

  private query(sql: string, parameters: readonly unknown[]): Promise<ApiKey[]> {
    return translated(async () => (await this.dataSource.query<Row[]>(sql, parameters as unknown[])).map(apiKeyOf));
  }
}

function apiKeyOf(row: Row): ApiKey {
  return {
    id: row.id,
    tenant: row.tenant,
    name: row.name,
    secretHash: row.secret_hash,
    permissions: parsePermissions(row.permissions),
    createdAtMicros: row.created_at.getTime() * 1000,
    expiresAtMicros: microsOf(row.expires_at),
    revokedAtMicros: microsOf(row.revoked_at),
    lastUsedAtMicros: microsOf(row.last_used_at),
  };
}

const dateOf = (micros: number | undefined): Date | null => (micros === undefined ? null : new Date(micros / 1000));

const microsOf = (date: Date | null): number | undefined => (date === null ? undefined : date.getTime() * 1000);
