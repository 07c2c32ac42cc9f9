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

/** What a stored event may be when it is read: a rule's transformation takes away any part, or makes something else of it. */
export type StoredFields = { readonly [Name in keyof MarketDataDistributed]?: unknown };

export const fieldsOf = (part: unknown): Readonly<Record<string, unknown>> =>
  typeof part === 'object' && part !== null ? (part as Record<string, unknown>) : {};

/** Whatever parts there are; undefined if it is no JSON object. */
export function storedFieldsOf(value: Uint8Array): StoredFields | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
  return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
}

/** Undefined if it is not what ingest writes: topics can be written by others, and a reader must survive them. */
export function storedEventOf<Data = NormalizedMarketData>(value: Uint8Array): MarketDataDistributed<Data> | undefined {
  const event = storedFieldsOf(value) as Partial<MarketDataDistributed<Data>> | undefined;
  if (event === undefined) return undefined;
  const isWhole = [event.data, event.distribution, event.routing, event.metadata].every(
    (part) => typeof part === 'object' && part !== null,
  );
  return isWhole && typeof event.event_id === 'string' && typeof event.timestamp === 'string'
    ? (event as MarketDataDistributed<Data>)
    : undefined;
}
