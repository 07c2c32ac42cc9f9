import { createRequire } from 'node:module';
import path from 'node:path';
import { listValue } from '@duckdb/node-api';
import type { BarInterval } from '@distributary/contracts';
import { noMetrics } from '@distributary/distribution-core';
import { SystemClock } from '@distributary/distribution-nest';
import { candleStatement, HistoryDatabase, intervalMicros } from '@distributary/market-data';

/** Something that makes candles of Parquet files. */
export interface Contender {
  readonly name: string;
  /** Returns the number of candles. */
  run(files: readonly string[], interval: BarInterval, symbol: string | undefined): Promise<number>;
}

/** The service's own statement; its result stays in DuckDB, so that no row is made in JavaScript. */
export async function duckDb(spillFolder: string): Promise<Contender> {
  const database = await HistoryDatabase.open(new SystemClock(), noMetrics, {
    threads: 2,
    memoryBytes: 2 ** 31,
    spillFolder,
    maxQueries: 1,
    timeoutMs: 300_000,
  });
  return {
    name: 'DuckDB',
    async run(files, interval, symbol) {
      const shape = { hasFiles: true, hasLive: false, hasEnds: false, hasTypes: true, hasAfter: false };
      const statement = candleStatement({ ...shape, hasSymbol: symbol !== undefined });
      const parameters = {
        files: listValue([...files]),
        from: 0n,
        to: 2n ** 52n,
        types: listValue(['trade']),
        width: BigInt(intervalMicros(interval)),
        limit: 2n ** 40n,
        ...(symbol !== undefined && { symbol }),
      };
      const query = { statement: `CREATE TEMP TABLE made AS ${statement}`, parameters, live: [] };
      const made = await database.turns.run((signal) => database.rows({ ...query, signal }));
      return Number(made[0][0]);
    },
  };
}

/** The part of Polars that is used; it is no dependency, so its types are not there. */
interface PolarsExpression {
  eq(value: PolarsExpression): PolarsExpression;
  cast(type: unknown): PolarsExpression;
  mul(other: PolarsExpression): PolarsExpression;
  sub(other: PolarsExpression): PolarsExpression;
  modulo(other: number): PolarsExpression;
  alias(name: string): PolarsExpression;
  first(): PolarsExpression;
  last(): PolarsExpression;
  max(): PolarsExpression;
  min(): PolarsExpression;
  sum(): PolarsExpression;
  count(): PolarsExpression;
}
interface PolarsFrame {
  filter(condition: PolarsExpression): PolarsFrame;
  select(...columns: readonly PolarsExpression[]): PolarsFrame;
  sort(by: readonly string[]): PolarsFrame;
  groupBy(by: readonly string[]): { agg(...columns: readonly PolarsExpression[]): PolarsFrame };
  collect(): Promise<{ readonly height: number }>;
}
interface Polars {
  scanParquet(path: string): PolarsFrame;
  concat(frames: readonly PolarsFrame[]): PolarsFrame;
  col(name: string): PolarsExpression;
  lit(value: string): PolarsExpression;
  readonly Float64: unknown;
  readonly Int64: unknown;
}

/** Or why it does not run here. `folder`: where `npm install nodejs-polars` was called. */
export function polars(folder: string): Contender | { readonly reason: string } {
  let pl: Polars;
  try {
    pl = createRequire(path.join(path.resolve(folder), 'package.json'))('nodejs-polars') as Polars;
  } catch (error) {
    return { reason: `nodejs-polars does not load: ${(error as Error).message.split('\n')[0]}` };
  }
  return {
    name: 'Polars (doubles)',
    async run(files, interval, symbol) {
      const { col, lit } = pl;
      const all = pl.concat(files.map((file) => pl.scanParquet(file)));
      const wanted = symbol === undefined ? all : all.filter(col('symbol').eq(lit(symbol)));
      const micros = col('event_time').cast(pl.Int64);
      const price = col('price').cast(pl.Float64);
      const trades = wanted
        .filter(col('data_type').eq(lit('trade')))
        .select(
          col('symbol'),
          col('event_time'),
          micros.sub(micros.modulo(intervalMicros(interval))).alias('bucket'),
          price.alias('price'),
          col('volume'),
          price.mul(col('volume').cast(pl.Float64)).alias('notional'),
        );
      const candles = trades
        .sort(['event_time'])
        .groupBy(symbol === undefined ? ['symbol', 'bucket'] : ['bucket'])
        .agg(
          col('price').first().alias('open'),
          col('price').max().alias('high'),
          col('price').min().alias('low'),
          col('price').last().alias('close'),
          col('volume').sum().alias('volume_sum'),
          col('notional').sum().alias('notional_sum'),
          col('price').count().alias('trades'),
        );
      return (await candles.sort(['bucket']).collect()).height;
    },
  };
}
