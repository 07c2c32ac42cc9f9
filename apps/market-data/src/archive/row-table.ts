import {
  BIGINT,
  BLOB,
  blobValue,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBType,
  type DuckDBValue,
  VARCHAR,
} from '@duckdb/node-api';
import type { Clock, Lane } from '@distributary/distribution-core';
import type { ArchiveRow } from './archive-row.js';
import { storableDecimal } from './decimal-text.js';

/** DuckDB takes up to 2048; so few keep each stay on the event loop at two to three milliseconds. */
const CHUNK_ROWS = 512;

interface RowColumn {
  readonly name: string;
  readonly type: DuckDBType;
  readonly sqlType: string;
  readonly of: (row: ArchiveRow) => DuckDBValue;
}

const orNull = (value: bigint | string | undefined): DuckDBValue => value ?? null;
const MAX_BIGINT = 2n ** 63n - 1n;

const COLUMNS: readonly RowColumn[] = [
  { name: 'position', type: VARCHAR, sqlType: 'VARCHAR', of: (row) => row.position },
  { name: 'event_id', type: VARCHAR, sqlType: 'VARCHAR', of: (row) => row.eventId },
  { name: 'time_micros', type: BIGINT, sqlType: 'BIGINT', of: (row) => BigInt(row.timeMicros) },
  { name: 'broker_micros', type: BIGINT, sqlType: 'BIGINT', of: (row) => BigInt(row.brokerMicros) },
  { name: 'symbol', type: VARCHAR, sqlType: 'VARCHAR', of: (row) => row.symbol },
  { name: 'exchange', type: VARCHAR, sqlType: 'VARCHAR', of: (row) => row.exchange },
  { name: 'currency', type: VARCHAR, sqlType: 'VARCHAR', of: (row) => row.currency },
  { name: 'data_type', type: VARCHAR, sqlType: 'VARCHAR', of: (row) => row.dataType },
  // As text: DuckDB makes the DECIMAL of it, in its own threads, without a double in between.
  { name: 'price', type: VARCHAR, sqlType: 'VARCHAR', of: (row) => orNull(row.price && storableDecimal(row.price)) },
  { name: 'volume', type: BIGINT, sqlType: 'BIGINT', of: (row) => orNull(storableVolume(row.volume)) },
  { name: 'value', type: BLOB, sqlType: 'BLOB', of: (row) => blobValue(row.value) },
];

function storableVolume(volume: bigint | undefined): bigint | undefined {
  return volume !== undefined && volume <= MAX_BIGINT && volume >= -MAX_BIGINT ? volume : undefined;
}

/** Whether a figure of it is kept in its JSON alone, because the columns cannot hold it exactly. */
const hasFigureOutOfRange = (row: ArchiveRow): boolean =>
  (row.price !== undefined && storableDecimal(row.price) === undefined) ||
  (row.volume !== undefined && storableVolume(row.volume) === undefined);

/** The rows as they lie in Parquet, of the table `staged`; the lane's names are parameters. */
export const STAGED_ROWS = `SELECT $topic AS lane_topic, $partition::INTEGER AS lane_partition, $epoch AS lane_epoch, position,
  event_id, make_timestamp(time_micros) AS event_time, make_timestamp(broker_micros) AS broker_time,
  symbol, exchange, currency, data_type, price::DECIMAL(38,18) AS price, volume, value FROM staged`;

export const laneParameters = ({ topic, partition, epoch }: Lane) => ({ topic, partition, epoch });

/** The place of an event among all: by its own time, then by lane, then in the lane's order. */
export const PLACE = 'event_time, lane_topic, lane_partition, lane_epoch, position';

const CREATE_STAGED = `CREATE OR REPLACE TEMP TABLE staged (${COLUMNS.map(({ name, sqlType }) => `${name} ${sqlType}`).join(', ')})`;

/**
 * Puts rows into the connection's table `staged`, which is made anew. DuckDB's appender works on the event loop, so rows
 * go in pieces, and others have their turn in between. Rejects with the signal's reason when it aborts. Returns how many have a figure that stays in their JSON alone.
 */
export async function stageRows(
  connection: DuckDBConnection,
  rows: readonly ArchiveRow[],
  clock: Pick<Clock, 'soon'>,
  signal?: AbortSignal,
): Promise<number> {
  let outOfRange = 0;
  await connection.run(CREATE_STAGED);
  const appender = await connection.createAppender('staged');
  try {
    for (let from = 0; from < rows.length; from += CHUNK_ROWS) {
      const piece = rows.slice(from, from + CHUNK_ROWS);
      const chunk = DuckDBDataChunk.create(
        COLUMNS.map(({ type }) => type),
        piece.length,
      );
      for (const [index, column] of COLUMNS.entries()) chunk.setColumnValues(index, piece.map(column.of));
      outOfRange += piece.filter(hasFigureOutOfRange).length;
      appender.appendDataChunk(chunk);
      // Left to itself it would flush 200,000 rows in one go.
      appender.flushSync();
      await new Promise<void>((resolve) => clock.soon(resolve));
      signal?.throwIfAborted();
    }
  } finally {
    appender.closeSync();
  }
  return outOfRange;
}
