import {
  BEFORE_FIRST,
  invalidRequest,
  listedPositions,
  type Position,
  type PositionColumn,
} from '@distributary/distribution-core';

/** Where a message lies: the entry of a ledger, and which of the entry if several were packed into it (else -1). */
export interface MessagePlace {
  readonly ledger: number;
  /** -1: before the first of the ledger. */
  readonly entry: number;
  readonly batchIndex: number;
}

/*
 * A position is 22 characters: ledger, entry + 1 and index in the entry + 1, in base 36, each with as many digits as it can
 * ever have, so that text order is log order.
 */
const LEDGER_DIGITS = 11;
const ENTRY_DIGITS = 7;
const INDEX_DIGITS = 4;
const TEXT = /^[0-9a-z]{22}$/;
const ENTRY_AT = LEDGER_DIGITS;
const INDEX_AT = LEDGER_DIGITS + ENTRY_DIGITS;

export function positionOf({ ledger, entry, batchIndex }: MessagePlace): Position {
  return digits(ledger, LEDGER_DIGITS) + digits(entry + 1, ENTRY_DIGITS) + digits(batchIndex + 1, INDEX_DIGITS);
}

export const positionAt = (ledger: number, entry: number): Position => positionOf({ ledger, entry, batchIndex: -1 });

/** Of the whole entry, of which it may be one of several messages. */
export const entryOf = (position: Position): Position =>
  position === BEFORE_FIRST ? position : position.slice(0, INDEX_AT) + digits(0, INDEX_DIGITS);

/** Undefined for {@link BEFORE_FIRST}; `request.invalid` for what was never a position of a Pulsar log. */
export function placeOf(position: Position, path = 'after'): MessagePlace | undefined {
  if (position === BEFORE_FIRST) return undefined;
  if (!TEXT.test(position)) throw invalidRequest([{ path, rule: 'must be a position of this log' }]);
  const number = (from: number, to: number) => Number.parseInt(position.slice(from, to), 36);
  const place = {
    ledger: number(0, ENTRY_AT),
    entry: number(ENTRY_AT, INDEX_AT) - 1,
    batchIndex: number(INDEX_AT, INDEX_AT + INDEX_DIGITS) - 1,
  };
  if (!Number.isSafeInteger(place.ledger)) throw invalidRequest([{ path, rule: 'must be a position of this log' }]);
  return place;
}

/** Ascending positions as a batch has them. */
export function positionList(positions: readonly Position[]): PositionColumn {
  const listed = listedPositions(positions);
  return {
    ...listed,
    indexAfter: (position) => {
      placeOf(position, 'position');
      return listed.indexAfter(position);
    },
  };
}

const digits = (value: number, count: number): string => value.toString(36).padStart(count, '0');
