import type { MarketDataDistributed, MarketDataType, NormalizedMarketData } from '@distributary/contracts';
import type { EventBatch } from '@distributary/distribution-core';

/** The places of the events of one data type, found without parsing a payload. */
export function indexesOfType(batch: EventBatch, dataType: MarketDataType): number[] {
  const column = batch.column('data_type');
  const entry = (column?.dictionary.indexOf(dataType) ?? -1) + 1;
  if (column === undefined || entry === 0) return [];
  const indexes: number[] = [];
  for (let index = 0; index < batch.count; index++) if (column.index[index] === entry) indexes.push(index);
  return indexes;
}

/** Undefined if it is not what ingest writes: topics can be written by others, and a reader must survive them. */
export function storedEventOf<Data = NormalizedMarketData>(value: Uint8Array): MarketDataDistributed<Data> | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const event = parsed as Partial<MarketDataDistributed<Data>>;
  const isWhole = [event.data, event.distribution, event.routing, event.metadata].every(
    (part) => typeof part === 'object' && part !== null,
  );
  return isWhole && typeof event.event_id === 'string' && typeof event.timestamp === 'string'
    ? (event as MarketDataDistributed<Data>)
    : undefined;
}
