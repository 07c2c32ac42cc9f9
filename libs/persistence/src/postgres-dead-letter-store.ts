import {
  type DeadLetter,
  type DeadLetterFault,
  type DeadLetterFilter,
  type DeadLetterPlace,
  type DeadLetterReason,
  type DeadLetterStatus,
  type DeadLetterStore,
  type LanePosition,
  type NewDeadLetter,
  type ReplayTarget,
  storableText,
} from '@distributary/distribution-core';
import type { DataSource } from 'typeorm';
import { translated } from './postgres.errors.js';

/** Whole numbers of 64 bits come as text. */
interface Row {
  readonly dead_letter_id: string;
  readonly tenant: string;
  readonly subscription_id: string;
  readonly topic: string;
  readonly partition: number;
  readonly epoch: string;
  readonly position: string;
  readonly event_id: string;
  readonly routing_key: string;
  readonly reason: DeadLetterReason;
  readonly fault: DeadLetterFault;
  readonly attempts: number;
  readonly first_failure_at: string;
  readonly last_failure_at: string;
  readonly buried_at: string;
  readonly letter_topic: string;
  readonly letter_partition: number;
  readonly letter_epoch: string;
  readonly letter_position: string;
  readonly status: DeadLetterStatus;
  readonly replay_target: ReplayTarget | null;
  readonly replays: number;
  readonly changed_at: string;
}

/** Nothing named = nothing asked. */
const SELECTED = `
  tenant = $1 AND ($2::uuid[] IS NULL OR dead_letter_id = ANY($2)) AND ($3::text IS NULL OR subscription_id = $3)
  AND ($4::text IS NULL OR topic = $4) AND ($5::text IS NULL OR reason = $5) AND ($6::text IS NULL OR fault = $6)
  AND ($7::text IS NULL OR status = $7) AND ($8::bigint IS NULL OR buried_at >= $8)
  AND ($9::bigint IS NULL OR buried_at < $9)`;

/** The {@link DeadLetterStore} on PostgreSQL; every call is one statement. */
export class PostgresDeadLetterStore implements DeadLetterStore {
  constructor(private readonly dataSource: DataSource) {}

  bury(letter: NewDeadLetter): Promise<void> {
    const { at, letter: place } = letter;
    return translated(async () => {
      await this.query(
        `INSERT INTO dead_letters AS known
           (dead_letter_id, tenant, subscription_id, topic, partition, epoch, position, event_id, routing_key, reason,
            fault, attempts, first_failure_at, last_failure_at, buried_at, letter_topic, letter_partition, letter_epoch,
            letter_position, status, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, 'dead', $14)
         ON CONFLICT (subscription_id, topic, partition, epoch, position) DO UPDATE
           SET attempts = CASE known.status WHEN 'dead' THEN 0 ELSE known.attempts END + excluded.attempts,
               reason = excluded.reason, fault = excluded.fault, last_failure_at = excluded.last_failure_at,
               buried_at = excluded.buried_at, letter_topic = excluded.letter_topic,
               letter_partition = excluded.letter_partition, letter_epoch = excluded.letter_epoch,
               letter_position = excluded.letter_position, status = 'dead', replay_target = NULL,
               changed_at = excluded.changed_at`,
        [
          letter.deadLetterId,
          letter.tenant,
          letter.subscriptionId,
          ...[at.topic, at.partition, at.epoch, at.position],
          storableText(letter.eventId),
          storableText(letter.routingKey),
          letter.reason,
          letter.fault,
          letter.attempts,
          Math.round(letter.firstFailureMicros),
          Math.round(letter.lastFailureMicros),
          Math.round(letter.buriedMicros),
          ...[place.topic, place.partition, place.epoch, place.position],
        ],
      );
    });
  }

  failedAgain(
    subscriptionId: string,
    { topic, partition, epoch, position }: LanePosition,
    failure: { readonly reason: DeadLetterReason; readonly attempts: number; readonly atMicros: number },
  ): Promise<void> {
    return translated(async () => {
      await this.query(
        `UPDATE dead_letters SET status = 'dead', replay_target = NULL, reason = $6, attempts = attempts + $7,
           last_failure_at = $8, changed_at = $8
         WHERE subscription_id = $1 AND letter_topic = $2 AND letter_partition = $3 AND letter_epoch = $4
           AND letter_position = $5 AND status = 'replaying'`,
        [
          subscriptionId,
          ...[topic, partition, epoch, position],
          failure.reason,
          failure.attempts,
          Math.round(failure.atMicros),
        ],
      );
    });
  }

  list(filter: DeadLetterFilter, limit: number, after?: DeadLetterPlace): Promise<readonly DeadLetter[]> {
    return translated(async () => {
      const rows = await this.query<Row>(
        `SELECT * FROM dead_letters
         WHERE ${SELECTED} AND ($11::bigint IS NULL OR (buried_at, dead_letter_id) > ($11, $12::uuid))
         ORDER BY buried_at, dead_letter_id LIMIT $10`,
        [...parametersOf(filter), limit, after?.buriedMicros ?? null, after?.deadLetterId ?? null],
      );
      return rows.map(letterOf);
    });
  }

  beginReplay(
    filter: DeadLetterFilter,
    target: ReplayTarget,
    limit: number,
    nowMicros: number,
  ): Promise<readonly DeadLetter[]> {
    return translated(async () => {
      const rows = await this.query<Row>(
        `WITH chosen AS (
           SELECT dead_letter_id AS id, status AS before FROM dead_letters
           WHERE ${SELECTED} AND (status = 'dead' OR (status = 'replaying' AND replay_target = $11))
           ORDER BY buried_at, dead_letter_id LIMIT $10 FOR UPDATE),
         begun AS (
           UPDATE dead_letters SET status = 'replaying', replay_target = $11,
             replays = replays + CASE before WHEN 'dead' THEN 1 ELSE 0 END,
             changed_at = CASE before WHEN 'dead' THEN $12 ELSE changed_at END
           FROM chosen WHERE dead_letter_id = id RETURNING dead_letters.*)
         SELECT * FROM begun ORDER BY buried_at, dead_letter_id`,
        [...parametersOf(filter), limit, target, Math.round(nowMicros)],
      );
      return rows.map(letterOf);
    });
  }

  settle(
    ids: readonly string[],
    from: readonly DeadLetterStatus[],
    to: DeadLetterStatus,
    nowMicros: number,
  ): Promise<number> {
    return translated(async () => {
      const rows = await this.query(
        `WITH settled AS (
           UPDATE dead_letters SET status = $3, changed_at = $4
           WHERE dead_letter_id = ANY($1::uuid[]) AND status = ANY($2::text[]) RETURNING 1)
         SELECT * FROM settled`,
        [ids, from, to, Math.round(nowMicros)],
      );
      return rows.length;
    });
  }

  inReplay(subscriptionId: string, limit: number): Promise<readonly DeadLetter[]> {
    return translated(async () => {
      const rows = await this.query<Row>(
        `SELECT * FROM dead_letters
         WHERE subscription_id = $1 AND status = 'replaying' AND replay_target = 'subscription'
         ORDER BY buried_at, dead_letter_id LIMIT $2`,
        [subscriptionId, limit],
      );
      return rows.map(letterOf);
    });
  }

  subscriptionsInReplay(): Promise<readonly string[]> {
    return translated(async () => {
      const rows = await this.query<{ subscription_id: string }>(
        `SELECT DISTINCT subscription_id FROM dead_letters
         WHERE status = 'replaying' AND replay_target = 'subscription'`,
        [],
      );
      return rows.map(({ subscription_id }) => subscription_id);
    });
  }

  countDead(sinceMicros = 0): Promise<readonly { readonly tenant: string; readonly count: number }[]> {
    return translated(async () => {
      const rows = await this.query<{ tenant: string; count: string }>(
        `SELECT tenant, count(*) AS count FROM dead_letters WHERE status = 'dead' AND buried_at >= $1 GROUP BY tenant`,
        [Math.round(sinceMicros)],
      );
      return rows.map(({ tenant, count }) => ({ tenant, count: Number(count) }));
    });
  }

  prune(beforeMicros: number): Promise<number> {
    return translated(async () => {
      const rows = await this.query(
        `WITH pruned AS (DELETE FROM dead_letters WHERE buried_at < $1 RETURNING 1) SELECT * FROM pruned`,
        [Math.round(beforeMicros)],
      );
      return rows.length;
    });
  }

  private query<Result>(sql: string, parameters: readonly unknown[]): Promise<Result[]> {
    return this.dataSource.query<Result[]>(sql, parameters as unknown[]);
  }
}

function parametersOf(filter: DeadLetterFilter): unknown[] {
  const { tenant, ids, subscriptionId, topic, reason, fault, status, fromMicros, toMicros } = filter;
  return [tenant, ids, subscriptionId, topic, reason, fault, status, fromMicros, toMicros].map(
    (value) => value ?? null,
  );
}

function letterOf(row: Row): DeadLetter {
  const { topic, partition, epoch, position } = row;
  return {
    deadLetterId: row.dead_letter_id,
    tenant: row.tenant,
    subscriptionId: row.subscription_id,
    at: { topic, partition, epoch, position },
    eventId: row.event_id,
    routingKey: row.routing_key,
    reason: row.reason,
    fault: row.fault,
    attempts: row.attempts,
    firstFailureMicros: Number(row.first_failure_at),
    lastFailureMicros: Number(row.last_failure_at),
    buriedMicros: Number(row.buried_at),
    letter: {
      topic: row.letter_topic,
      partition: row.letter_partition,
      epoch: row.letter_epoch,
      position: row.letter_position,
    },
    status: row.status,
    replayTarget: row.replay_target ?? undefined,
    replays: row.replays,
    changedMicros: Number(row.changed_at),
  };
}
