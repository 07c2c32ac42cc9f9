import { type Lane, positionOfOffset } from '@distributary/distribution-core';
import type { ArchiveBatch } from '@distributary/market-data';

export const LANE: Lane = { topic: 'market-data/bench', partition: 0, epoch: 'bench' };
export const SYMBOLS = 500;
const DAY_MICROS = 86_400_000_000;

/** Of one day, evenly spread; symbols and prices by a generator that gives the same in every run. */
export function* syntheticTrades(count: number, dayStartMicros: number, batchRows: number): Generator<ArchiveBatch> {
  const cents = new Int32Array(SYMBOLS).fill(10_000);
  const stepMicros = Math.floor(DAY_MICROS / count);
  let state = 0x9e3779b9;
  const next = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  for (let from = 0; from < count; from += batchRows) {
    const rows = Array.from({ length: Math.min(batchRows, count - from) }, (_, index) => {
      const offset = from + index;
      const number = next(SYMBOLS);
      cents[number] = Math.max(1, cents[number] + next(21) - 10);
      const timeMicros = dayStartMicros + offset * stepMicros;
      const [symbol, price, volume] = [`S${number}`, (cents[number] / 100).toFixed(2), 1 + next(1000)];
      const value = Buffer.from(
        `{"event_id":"t-${offset}","timestamp":"${new Date(timeMicros / 1000).toISOString()}","data_type":"trade",` +
          `"data":{"symbol":"${symbol}","exchange":"NASDAQ","price":${price},"volume":${volume},"currency":"USD"}}`,
      );
      return {
        position: positionOfOffset(offset),
        eventId: `t-${offset}`,
        timeMicros,
        brokerMicros: timeMicros,
        symbol,
        exchange: 'NASDAQ',
        currency: 'USD',
        dataType: 'trade',
        price,
        volume: BigInt(volume),
        value,
      };
    });
    yield { lane: LANE, rows };
  }
}
