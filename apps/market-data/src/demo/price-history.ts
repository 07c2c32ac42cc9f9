import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { MarketDataEventInput } from '@distributary/contracts';

/** Of a table that the package `vega-datasets` (BSD-3-Clause) ships: real prices, as its `datapackage.json` says. */
export const HISTORY_SOURCE = 'vega-datasets';
const INDEX_BARS = 'sp500-2000.csv';
const SHARE_PRICES = 'stocks.csv';

export interface SharePrice {
  readonly symbol: string;
  /** The last one of the table, in dollars. */
  readonly price: number;
}

type Bar = Extract<MarketDataEventInput, { data_type: 'BAR' }>;

/** Each trading day of the S&P 500 from 2000 on, the oldest first. Ids and everything else but the data is for the caller. */
export async function indexBars(): Promise<readonly Bar['data'][]> {
  const rows = await rowsOf(INDEX_BARS);
  return rows.map(([date, open, high, low, close, , volume]) => ({
    symbol: 'SPX',
    exchange: 'SPDJI',
    currency: 'USD',
    asset_class: 'indices',
    interval: '1d',
    timestamp: `${date}T00:00:00Z`,
    open,
    high,
    low,
    close,
    volume: Number(volume),
  }));
}

/** Of five companies. */
export async function lastSharePrices(): Promise<readonly SharePrice[]> {
  const last = new Map((await rowsOf(SHARE_PRICES)).map(([symbol, , price]) => [symbol, Number(price)]));
  return [...last].map(([symbol, price]) => ({ symbol, price }));
}

/** Without the line of the names. No field of these tables holds a comma. */
async function rowsOf(file: string): Promise<readonly (readonly string[])[]> {
  // Beside its program, which is all that the package names.
  const program = createRequire(import.meta.url).resolve(HISTORY_SOURCE);
  const text = await readFile(path.resolve(path.dirname(program), '../data', file), 'utf8');
  const [, ...lines] = text.trim().split(/\r?\n/);
  return lines.map((line) => line.split(','));
}
