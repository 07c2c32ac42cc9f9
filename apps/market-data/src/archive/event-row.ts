import { type Decimal, decimalRule, decimalText } from '@distributary/contracts';
import type { EventBatch } from '@distributary/distribution-core';
import { fieldsOf, storedFieldsOf } from '../events/stored-event.js';
import type { ArchiveRow } from './archive-row.js';

/** What the archive reads of an event's data; others may have written anything. */
interface Figures {
  readonly price?: unknown;
  readonly close?: unknown;
  readonly volume?: unknown;
}

/** Whether the archive can hold it: it is of a symbol, and happened at a time since 1970. */
export const isArchivable = (batch: EventBatch, index: number): boolean => {
  const micros = batch.timeMicrosAt(index);
  return textAt(batch, index, 'symbol') !== '' && Number.isSafeInteger(micros) && micros >= 0;
};

/** One event of a batch as a row, with a copy of its bytes. Figures are of its JSON: attributes hold the nearest numbers. */
export function archiveRowOf(batch: EventBatch, index: number): ArchiveRow {
  const value = Buffer.from(batch.valueAt(index));
  const figures: Figures = fieldsOf(storedFieldsOf(value)?.data);
  return {
    position: batch.positions.at(index),
    eventId: batch.eventIdAt(index),
    timeMicros: batch.timeMicrosAt(index),
    brokerMicros: batch.appendedMicros,
    symbol: textAt(batch, index, 'symbol'),
    exchange: textAt(batch, index, 'exchange'),
    currency: textAt(batch, index, 'currency'),
    dataType: textAt(batch, index, 'data_type'),
    price: exactText(figures.price ?? figures.close),
    volume: Number.isSafeInteger(figures.volume) ? BigInt(figures.volume as number) : undefined,
    value,
  };
}

const exactText = (figure: unknown): string | undefined =>
  figure === undefined || decimalRule(figure) !== undefined ? undefined : decimalText(figure as Decimal);

function textAt(batch: EventBatch, index: number, name: string): string {
  const value = batch.attributeAt(index, name);
  return typeof value === 'string' ? value : '';
}
