import { PLACE } from '../archive/row-table.js';

/** Which parts a statement has. Everything that a caller says is a parameter, never part of the text. */
export interface StatementShape {
  readonly hasFiles: boolean;
  readonly hasLive: boolean;
  readonly hasSymbol: boolean;
  /** Any of several; then without `hasSymbol`. */
  readonly hasSymbols?: boolean;
  readonly hasExchange?: boolean;
  readonly hasEnds: boolean;
  readonly hasTypes: boolean;
  readonly hasAfter: boolean;
  /** The events lie in several topics, to which rules may have copied one. */
  readonly hasCopies?: boolean;
}

const COLUMNS = `${PLACE}, broker_time, event_id, symbol, exchange, currency, data_type, price, volume, value`;

function eventsOf(shape: StatementShape): string {
  const sources = [
    ...(shape.hasFiles ? [`SELECT ${COLUMNS} FROM read_parquet($files)`] : []),
    ...(shape.hasLive ? [`SELECT ${COLUMNS} FROM live`] : []),
  ];
  const conditions = [
    'event_time >= make_timestamp($from::BIGINT) AND event_time < make_timestamp($to::BIGINT)',
    ...(shape.hasSymbol ? ['symbol = $symbol'] : []),
    ...(shape.hasSymbols === true ? ['list_contains($symbols, symbol)'] : []),
    ...(shape.hasExchange === true ? ['exchange = $exchange'] : []),
    ...(shape.hasTypes ? ['list_contains($types, data_type)'] : []),
    ...(shape.hasEnds
      ? [
          `EXISTS (SELECT 1 FROM ends WHERE ends.topic = lane_topic AND ends.partition = lane_partition
             AND ends.epoch = lane_epoch AND position <= ends.position)`,
        ]
      : []),
    ...(shape.hasAfter
      ? [
          `event_time >= make_timestamp($afterTime::BIGINT) AND (${PLACE}) >
             (make_timestamp($afterTime::BIGINT), $afterTopic, $afterPartition::INTEGER, $afterEpoch, $afterPosition)`,
        ]
      : []),
  ];
  const ends = `ends AS (SELECT unnest($endTopics) AS topic, unnest($endPartitions) AS partition,
    unnest($endEpochs) AS epoch, unnest($endPositions) AS position), `;
  return `WITH ${shape.hasEnds ? ends : ''}sources AS (${sources.join(' UNION ALL ')}),
    events AS (SELECT * FROM sources WHERE ${conditions.join(' AND ')})`;
}

/** A copy by a rule has the id and the time of its event, which comes first: to sort by times is cheap. */
const EACH_ONCE = ` QUALIFY row_number() OVER (PARTITION BY event_time, event_id
      ORDER BY lane_topic, lane_partition, lane_epoch, position) = 1`;

/** Where the archive has events of the range. */
export const topicStatement = (shape: StatementShape): string => `${eventsOf(shape)}
  SELECT DISTINCT lane_topic FROM events LIMIT $limit::BIGINT`;

/**
 * What a trade was worth. Below 10^10, as nearly all of them are, it is `worth`, of which DuckDB adds ten billion exactly. Of any other
 * price and volume `large_whole` is what stands before the point, in a type without bounds, and `large_rest` what stands behind it.
 */
const WORTH = `, worths AS (SELECT *, TRY((price * volume)::DECIMAL(28,18)) AS worth,
      CASE WHEN worth IS NULL THEN (price - trunc(price)) * volume END AS of_fraction FROM trades),
    figures AS (SELECT *, of_fraction - trunc(of_fraction) AS large_rest,
      CASE WHEN worth IS NULL THEN (trunc(price)::HUGEINT * volume + trunc(of_fraction)::HUGEINT)::BIGNUM END AS large_whole FROM worths)`;

/**
 * Buckets in order, of each event once. Sums are exact, whatever is added. Events of one time are ordered by lane and position, so
 * that open and close are the same in every run.
 */
export const candleStatement = (shape: StatementShape): string => `${eventsOf(shape)},
    trades AS (SELECT * FROM events WHERE price IS NOT NULL${shape.hasCopies === true ? EACH_ONCE : ''})${WORTH}
  SELECT ${shape.hasSymbol ? '' : 'symbol, '}(epoch_us(event_time) // $width::BIGINT) * $width::BIGINT AS bucket,
    first(price ORDER BY ${PLACE})::VARCHAR, max(price)::VARCHAR, min(price)::VARCHAR, last(price ORDER BY ${PLACE})::VARCHAR,
    coalesce(sum(volume), 0)::HUGEINT, coalesce(sum(worth), 0)::VARCHAR, coalesce(sum(large_whole), 0::BIGNUM)::VARCHAR,
    coalesce(sum(large_rest), 0)::VARCHAR, count(*)
  FROM figures GROUP BY ALL ORDER BY bucket LIMIT $limit::BIGINT`;

export const eventStatement = (shape: StatementShape): string => `${eventsOf(shape)}
  SELECT epoch_us(event_time), lane_topic, lane_partition, lane_epoch, position, value
  FROM events ORDER BY ${PLACE} LIMIT $limit::BIGINT`;
