import {
  type Above,
  type CursorStore,
  type LaneName,
  laneName,
  type LanePosition,
  type Ownership,
  type OwnershipStanding,
  type StoredPosition,
} from '@distributary/distribution-core';
import type { DataSource } from 'typeorm';
import { translated } from './postgres.errors.js';

interface StandingRow {
  readonly owner_id: string | null;
  readonly generation: string | null;
  readonly left_ms: number | null;
  readonly stored_at: Date | null;
}

/** Positions compare as bytes, which is what the column's collation does. */
const UPSERT = `
  INSERT INTO subscription_cursors (subscription_id, topic, partition, epoch, position, above)
  SELECT $1, * FROM unnest($2::text[], $3::int[], $4::text[], $5::text[], $6::jsonb[])`;

/**
 * The {@link CursorStore} on PostgreSQL; terms run by the database's clock, and every call is one statement.
 *
 * Each statement locks the ownership row before it touches a position, so that calls which overlap wait for each other
 * instead of deadlocking. A right is compared by generation *and* owner: generations begin anew when a subscription is
 * deleted and created again, owners do not.
 */
export class PostgresCursorStore implements CursorStore {
  constructor(private readonly dataSource: DataSource) {}

  acquire(
    subscriptionId: string,
    ownerId: string,
    termMs: number,
    options: { readonly force?: boolean } = {},
  ): Promise<Ownership | 'taken'> {
    return translated(async () => {
      const rows = await this.query<{ generation: string }>(
        `INSERT INTO subscription_ownership AS held (subscription_id, owner_id, generation, expires_at)
         VALUES ($1, $2, 1, now() + $3 * interval '1 millisecond')
         ON CONFLICT (subscription_id) DO UPDATE
           SET owner_id = excluded.owner_id, generation = held.generation + 1, expires_at = excluded.expires_at
           WHERE $4 OR held.owner_id IS NULL OR held.owner_id = excluded.owner_id OR held.expires_at <= now()
         RETURNING generation`,
        [subscriptionId, ownerId, termMs, options.force === true],
      );
      return rows.length === 0 ? 'taken' : { subscriptionId, ownerId, generation: Number(rows[0].generation), termMs };
    });
  }

  renew({ subscriptionId, ownerId, generation, termMs }: Ownership): Promise<'renewed' | 'lost'> {
    return translated(async () => {
      const rows = await this.query(
        `WITH renewed AS (
           UPDATE subscription_ownership SET expires_at = now() + $3 * interval '1 millisecond'
           WHERE subscription_id = $1 AND generation = $2 AND owner_id = $4 RETURNING 1)
         SELECT * FROM renewed`,
        [subscriptionId, generation, termMs, ownerId],
      );
      return rows.length === 0 ? 'lost' : 'renewed';
    });
  }

  release({ subscriptionId, ownerId, generation }: Ownership): Promise<void> {
    return translated(async () => {
      await this.query(
        `UPDATE subscription_ownership SET owner_id = NULL
         WHERE subscription_id = $1 AND generation = $2 AND owner_id = $3`,
        [subscriptionId, generation, ownerId],
      );
    });
  }

  load(subscriptionId: string): Promise<readonly LanePosition[]> {
    return translated(() =>
      this.query<LanePosition>(
        `SELECT topic, partition, epoch, position FROM subscription_cursors
         WHERE subscription_id = $1 ORDER BY topic, partition`,
        [subscriptionId],
      ),
    );
  }

  loadWithAbove(subscriptionId: string): Promise<readonly StoredPosition[]> {
    return translated(async () => {
      const rows = await this.query<LanePosition & { above: Above | null }>(
        `SELECT topic, partition, epoch, position, above FROM subscription_cursors
         WHERE subscription_id = $1 ORDER BY topic, partition`,
        [subscriptionId],
      );
      return rows.map(({ above, ...position }) => (above === null ? position : { ...position, above }));
    });
  }

  store(
    { subscriptionId, ownerId, generation }: Ownership,
    positions: readonly StoredPosition[],
    ended: readonly LanePosition[] = [],
  ): Promise<'stored' | 'stale'> {
    return translated(async () => {
      // The row lock keeps a new owner from coming in between the check and the write.
      const rows = await this.query(
        `WITH mine AS (
           SELECT 1 FROM subscription_ownership
           WHERE subscription_id = $1 AND generation = $7 AND owner_id = $8 FOR UPDATE),
         ended AS (
           DELETE FROM subscription_cursors AS held
           USING unnest($9::text[], $10::int[], $11::text[]) AS life (topic, partition, epoch)
           WHERE held.subscription_id = $1 AND EXISTS (SELECT 1 FROM mine)
             AND (held.topic, held.partition, held.epoch) = (life.topic, life.partition, life.epoch)),
         written AS (
           ${UPSERT} WHERE EXISTS (SELECT 1 FROM mine)
           ON CONFLICT (subscription_id, topic, partition) DO UPDATE
             SET epoch = excluded.epoch, position = excluded.position, above = excluded.above, updated_at = now()
             WHERE subscription_cursors.epoch <> excluded.epoch
                OR subscription_cursors.position <= excluded.position)
         SELECT * FROM mine`,
        [
          ...columnsOf(subscriptionId, oncePerLane(positions, isForward)),
          generation,
          ownerId,
          ended.map(({ topic }) => topic),
          ended.map(({ partition }) => partition),
          ended.map(({ epoch }) => epoch),
        ],
      );
      return rows.length === 0 ? 'stale' : 'stored';
    });
  }

  rewind(subscriptionId: string, positions: readonly LanePosition[]): Promise<void> {
    return translated(async () => {
      // Without the count, PostgreSQL would end the ownership last.
      await this.query(
        `WITH ended AS (
           UPDATE subscription_ownership SET owner_id = NULL, generation = generation + 1
           WHERE subscription_id = $1 RETURNING 1)
         ${UPSERT} WHERE (SELECT count(*) FROM ended) >= 0
         ON CONFLICT (subscription_id, topic, partition) DO UPDATE
           SET epoch = excluded.epoch, position = excluded.position, above = excluded.above, updated_at = now()`,
        columnsOf(
          subscriptionId,
          oncePerLane(positions, () => true),
        ),
      );
    });
  }

  place(subscriptionId: string, positions: readonly LanePosition[]): Promise<void> {
    return translated(async () => {
      // Locked like everything that touches a position, though the right is nobody's business here.
      await this.query(
        `WITH held AS (SELECT 1 FROM subscription_ownership WHERE subscription_id = $1 FOR UPDATE)
         ${UPSERT} WHERE (SELECT count(*) FROM held) >= 0
         ON CONFLICT (subscription_id, topic, partition) DO UPDATE
           SET epoch = excluded.epoch, position = excluded.position, above = excluded.above, updated_at = now()`,
        columnsOf(
          subscriptionId,
          oncePerLane(positions, () => true),
        ),
      );
    });
  }

  standing(subscriptionId: string): Promise<OwnershipStanding> {
    return translated(async () => {
      const [row] = await this.query<StandingRow>(
        `SELECT held.owner_id, held.generation, (extract(epoch FROM held.expires_at - now()) * 1000)::float8 AS left_ms,
                (SELECT max(updated_at) FROM subscription_cursors WHERE subscription_id = $1) AS stored_at
         FROM (SELECT 1) AS one LEFT JOIN subscription_ownership AS held ON held.subscription_id = $1`,
        [subscriptionId],
      );
      const isOwned = row.owner_id !== null && row.left_ms !== null && row.left_ms > 0;
      return {
        ownerId: isOwned ? (row.owner_id ?? undefined) : undefined,
        termLeftMs: isOwned ? (row.left_ms ?? undefined) : undefined,
        generation: Number(row.generation ?? 0),
        storedAtMicros: row.stored_at === null ? undefined : row.stored_at.getTime() * 1000,
      };
    });
  }

  /** The subscription is no more: neither are its positions and its owner. */
  forget(subscriptionId: string): Promise<void> {
    return translated(async () => {
      await this.query(
        `WITH ended AS (DELETE FROM subscription_ownership WHERE subscription_id = $1 RETURNING 1)
         DELETE FROM subscription_cursors WHERE subscription_id = $1 AND (SELECT count(*) FROM ended) >= 0`,
        [subscriptionId],
      );
    });
  }

  private query<Row>(sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    return this.dataSource.query<Row[]>(sql, parameters as unknown[]);
  }
}

function columnsOf(subscriptionId: string, positions: readonly StoredPosition[]): unknown[] {
  return [
    subscriptionId,
    positions.map(({ topic }) => topic),
    positions.map(({ partition }) => partition),
    positions.map(({ epoch }) => epoch),
    positions.map(({ position }) => position),
    positions.map(({ above }) => (above === undefined ? null : JSON.stringify(above))),
  ];
}

const isForward = (next: LanePosition, known: LanePosition): boolean =>
  next.epoch !== known.epoch || next.position > known.position;

/** One statement cannot write a row twice. Sorted, so that statements lock rows in one order. */
function oncePerLane(
  positions: readonly StoredPosition[],
  replaces: (next: LanePosition, known: LanePosition) => boolean,
): StoredPosition[] {
  const lanes = new Map<LaneName, StoredPosition>();
  for (const position of positions) {
    const known = lanes.get(laneName(position));
    if (known === undefined || replaces(position, known)) lanes.set(laneName(position), position);
  }
  return [...lanes].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, position]) => position);
}
