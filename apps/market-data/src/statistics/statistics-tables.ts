import { storableText } from '@distributary/distribution-core';
import { translated } from '@distributary/persistence';
import type { DataSource } from 'typeorm';
import type { DeliveryRow, LaneRow, TopicRow } from './statistics-rows.js';

const MAX_MESSAGE_ID_LENGTH = 100;
const MAX_ERROR_LENGTH = 1_000;

/** One statement for many rows: an array per column. */
const INSERT_TOPICS = `
  INSERT INTO distribution_stats
    (timestamp, topic_name, messages_distributed, bytes_distributed, avg_latency_ms, error_count, active_subscriptions)
  SELECT to_timestamp(at / 1000000), topic, messages, bytes, latency, errors, subscriptions
    FROM unnest($1::float8[], $2::text[], $3::bigint[], $4::bigint[], $5::float8[], $6::bigint[], $7::integer[])
      AS given (at, topic, messages, bytes, latency, errors, subscriptions)`;
const INSERT_LANES = `
  INSERT INTO distribution_metrics_ts
    (timestamp, topic_name, partition_id, throughput_per_second, latency_p50_ms, latency_p99_ms, error_rate, backlog_size,
     consumer_count, producer_count)
  SELECT to_timestamp(at / 1000000), topic, partition, throughput, p50, p99, errors, backlog, consumers, producers
    FROM unnest($1::float8[], $2::text[], $3::integer[], $4::float8[], $5::float8[], $6::float8[], $7::float8[],
                $8::bigint[], $9::integer[], $10::integer[])
      AS given (at, topic, partition, throughput, p50, p99, errors, backlog, consumers, producers)`;
const INSERT_DELIVERIES = `
  INSERT INTO message_delivery_log
    (timestamp, message_id, topic_name, partition_id, offset_position, delivery_latency_ms, retry_count, status,
     error_message)
  SELECT to_timestamp(at / 1000000), message, topic, partition, place, latency, retries, status, error
    FROM unnest($1::float8[], $2::text[], $3::text[], $4::integer[], $5::bigint[], $6::float8[], $7::integer[], $8::text[],
                $9::text[])
      AS given (at, message, topic, partition, place, latency, retries, status, error)`;
const DELETE_TOPICS = `
  WITH old AS (SELECT id FROM distribution_stats WHERE timestamp < to_timestamp($1::float8 / 1000000) ORDER BY timestamp LIMIT $2),
       gone AS (DELETE FROM distribution_stats USING old WHERE distribution_stats.id = old.id RETURNING 1)
  SELECT count(*)::integer AS count FROM gone`;

/** The tables of statistics. Failure: `store.unavailable`, `request.invalid` for a time that no chunk is made for. */
export class StatisticsTables {
  constructor(private readonly dataSource: DataSource) {}

  insertTopics(rows: readonly TopicRow[]): Promise<void> {
    return this.insert(INSERT_TOPICS, rows, [
      (row) => row.atMicros,
      (row) => row.topic,
      (row) => row.messages,
      (row) => row.bytes,
      (row) => row.latencyMs,
      (row) => row.errors,
      (row) => row.subscriptions,
    ]);
  }

  insertLanes(rows: readonly LaneRow[]): Promise<void> {
    return this.insert(INSERT_LANES, rows, [
      (row) => row.atMicros,
      (row) => row.topic,
      (row) => row.partition,
      (row) => row.throughputPerSecond,
      (row) => row.latencyP50Ms,
      (row) => row.latencyP99Ms,
      (row) => row.errorRate,
      (row) => row.backlog,
      (row) => row.consumers,
      (row) => row.producers,
    ]);
  }

  insertDeliveries(rows: readonly DeliveryRow[]): Promise<void> {
    return this.insert(INSERT_DELIVERIES, rows, [
      (row) => row.atMicros,
      (row) => storableText(row.messageId.slice(0, MAX_MESSAGE_ID_LENGTH)),
      (row) => row.topic,
      (row) => row.partition,
      (row) => row.offset,
      (row) => row.latencyMs,
      (row) => row.retries,
      (row) => row.status,
      (row) => row.error?.slice(0, MAX_ERROR_LENGTH),
    ]);
  }

  /** Makes the chunks of the time around `nowMicros` and drops those that are too old, at most `most`. */
  maintain(nowMicros: number, most: number): Promise<{ readonly created: number; readonly dropped: number }> {
    return translated(async () => {
      const [done] = await this.dataSource.query<{ created: number; dropped: number }[]>(
        'SELECT created, dropped FROM maintain_time_series(to_timestamp($1::float8 / 1000000), $2)',
        [nowMicros, most],
      );
      return done;
    });
  }

  /** Deletes the oldest rows of topics from before then, at most `most`; resolves with how many. */
  deleteTopicsBefore(micros: number, most: number): Promise<number> {
    return translated(async () => {
      const [{ count }] = await this.dataSource.query<{ count: number }[]>(DELETE_TOPICS, [micros, most]);
      return count;
    });
  }

  private insert<Row>(sql: string, rows: readonly Row[], columns: readonly ((row: Row) => unknown)[]): Promise<void> {
    return translated(async () => {
      if (rows.length === 0) return;
      await this.dataSource.query(
        sql,
        columns.map((column) => rows.map((row) => column(row) ?? null)),
      );
    });
  }
}
