import {
  type DailyDelivery,
  type DailyDeliveryQuery,
  type DailyDeliveryStore,
  type KeptDelivery,
  MINUTES_A_DAY,
} from '@distributary/distribution-core';
import type { DataSource } from 'typeorm';
import { translated } from './postgres.errors.js';

interface Row {
  readonly topic: string;
  readonly tenant: string;
  readonly day: string;
  readonly events: string;
  readonly deliveries: string;
  readonly failed: string;
  readonly dropped: string;
  readonly latencies: readonly string[];
  readonly served_minutes: string;
  readonly first_day: string;
}

/** The {@link DailyDeliveryStore} on PostgreSQL; every call is one statement. */
export class PostgresDailyDeliveryStore implements DailyDeliveryStore {
  constructor(private readonly dataSource: DataSource) {}

  add(rows: readonly DailyDelivery[]): Promise<void> {
    return translated(async () => {
      if (rows.length === 0) return;
      // Sorted, so that processes which add to the same rows lock them in one order.
      await this.dataSource.query(
        `INSERT INTO delivery_statistics AS kept
           (topic, day, tenant, events, deliveries, failed, dropped, latencies, served_minutes)
         SELECT topic, day, tenant, events, deliveries, failed, dropped, latencies, served::bit(${MINUTES_A_DAY})
           FROM jsonb_to_recordset($1::jsonb) AS given (topic text, day date, tenant text, events bigint,
                deliveries bigint, failed bigint, dropped bigint, latencies bigint[], served text)
          ORDER BY topic, day
         ON CONFLICT (topic, day) DO UPDATE SET
           events = kept.events + excluded.events,
           deliveries = kept.deliveries + excluded.deliveries,
           failed = kept.failed + excluded.failed,
           dropped = kept.dropped + excluded.dropped,
           latencies = ARRAY(SELECT coalesce(one, 0) + coalesce(other, 0)
                               FROM unnest(kept.latencies, excluded.latencies) WITH ORDINALITY AS both_of (one, other, place)
                              ORDER BY place),
           served_minutes = kept.served_minutes | excluded.served_minutes,
           updated_at = now()`,
        [JSON.stringify(rows.map(({ servedMinutes, ...row }) => ({ ...row, served: bitsOf(servedMinutes) })))],
      );
    });
  }

  find({ tenant, topic, from, to, limit }: DailyDeliveryQuery): Promise<readonly KeptDelivery[]> {
    return translated(async () => {
      const rows = await this.dataSource.query<Row[]>(
        `SELECT topic, tenant, day::text, events, deliveries, failed, dropped, latencies, served_minutes::text,
                (SELECT min(day) FROM delivery_statistics AS first WHERE first.topic = kept.topic)::text AS first_day
           FROM delivery_statistics AS kept
          WHERE tenant = $1 AND ($2::text IS NULL OR topic = $2) AND day BETWEEN $3 AND $4
          ORDER BY topic COLLATE "C", kept.day LIMIT $5`,
        [tenant, topic ?? null, from, to, limit],
      );
      return rows.map((row) => ({
        topic: row.topic,
        tenant: row.tenant,
        day: row.day,
        events: Number(row.events),
        deliveries: Number(row.deliveries),
        failed: Number(row.failed),
        dropped: Number(row.dropped),
        latencies: row.latencies.map(Number),
        servedMinutes: minutesOf(row.served_minutes),
        firstDay: row.first_day,
      }));
    });
  }

  deleteBefore(day: string): Promise<number> {
    return translated(async () => {
      const rows = await this.dataSource.query<unknown[]>(
        `WITH gone AS (DELETE FROM delivery_statistics WHERE day < $1 RETURNING 1) SELECT * FROM gone`,
        [day],
      );
      return rows.length;
    });
  }
}

function bitsOf(minutes: readonly number[]): string {
  const bits = new Array<string>(MINUTES_A_DAY).fill('0');
  for (const minute of minutes) bits[minute] = '1';
  return bits.join('');
}

function minutesOf(bits: string): number[] {
  const minutes: number[] = [];
  for (let minute = bits.indexOf('1'); minute >= 0; minute = bits.indexOf('1', minute + 1)) minutes.push(minute);
  return minutes;
}
