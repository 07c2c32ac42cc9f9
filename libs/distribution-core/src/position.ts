/**
 * Where a reader stands in one epoch of one lane: "everything up to and including p is dealt with".
 * Opaque outside the broker that made it, at most 24 bytes, ordered by plain string comparison, sparse.
 */
export type Position = string & { readonly __brand?: 'Position' };

/** Before the first event of any epoch; sorts before every other position. */
export const BEFORE_FIRST: Position = '';

export const MAX_POSITION_BYTES = 24;

export interface LanePosition {
  readonly topic: string;
  readonly partition: number;
  readonly epoch: string;
  readonly position: Position;
}

/**
 * Numbers that keep their order as strings: the count of base-36 digits in one character, then the digits.
 * For brokers whose positions are offsets (embedded, Kafka).
 */
export function positionOfOffset(offset: number): Position {
  const digits = offset.toString(36);
  return digits.length.toString(36) + digits;
}

/** The inverse of {@link positionOfOffset}; -1 for {@link BEFORE_FIRST}; undefined for anything that it never made. */
export function offsetOfPosition(position: Position): number | undefined {
  if (position === BEFORE_FIRST) return -1;
  const offset = Number.parseInt(position.slice(1), 36);
  return Number.isSafeInteger(offset) && positionOfOffset(offset) === position ? offset : undefined;
}
