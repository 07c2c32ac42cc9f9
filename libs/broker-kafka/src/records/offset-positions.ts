import type { Position, PositionColumn } from '@distributary/distribution-core';
import {
  BEFORE_FIRST,
  densePositions,
  invalidRequest,
  offsetOfPosition,
  positionOfOffset,
} from '@distributary/distribution-core';

/** "Everything before this offset is dealt with." */
export const positionBefore = (offset: number): Position =>
  offset === 0 ? BEFORE_FIRST : positionOfOffset(offset - 1);

/** The next offset that who stands there wants; `request.invalid` for what was never a position. */
export function offsetAfter(position: Position, path = 'after'): number {
  const offset = offsetOfPosition(position);
  if (offset === undefined) throw invalidRequest([{ path, rule: 'must be a position of this log' }]);
  return offset + 1;
}

/** Ascending offsets as positions; markers of transactions, aborted events and compaction leave holes between them. */
export function offsetPositions(offsets: Float64Array): PositionColumn {
  const count = offsets.length;
  const first = offsets[0];
  if (offsets[count - 1] - first === count - 1) return densePositions(first, count);
  return {
    byteLength: offsets.byteLength,
    at: (index) => positionOfOffset(offsets[index]),
    indexAfter: (position) => {
      const next = offsetAfter(position, 'position');
      let low = 0;
      let high = count;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (offsets[middle] >= next) high = middle;
        else low = middle + 1;
      }
      return low;
    },
  };
}
