import type { AttributeValue } from './event.js';
import { type Column, densePositions, EventBatch, listedPositions, type PositionColumn } from './event-batch.js';
import { EventIds } from './event-ids.js';
import { offsetOfPosition } from './position.js';

interface MergedColumn {
  readonly dictionary: AttributeValue[];
  readonly places: Map<AttributeValue, number>;
  readonly index: Uint32Array;
}

/**
 * One batch in place of several that follow one another in a lane (at least one). Events, positions and attributes are
 * theirs; nothing of theirs is kept alive. A batch of one event is some sixty objects, one of many events not more.
 */
export function mergeEventBatches(batches: readonly EventBatch[]): EventBatch {
  const count = batches.reduce((sum, batch) => sum + batch.count, 0);
  const values = Buffer.allocUnsafeSlow(batches.reduce((sum, batch) => sum + batch.bytesOf(0, batch.count), 0));
  const ends = new Uint32Array(count);
  const times = new Float64Array(count);
  const columns = new Map<string, MergedColumn>();
  let row = 0;
  let end = 0;
  for (const batch of batches) {
    for (const name of batch.columnNames()) {
      addColumn(columnOf(columns, name, count), batch.column(name) as Column, row);
    }
    batch.runOf(0, batch.count).copy(values, end);
    for (let index = 0; index < batch.count; index++) {
      end += batch.bytesOf(index, index + 1);
      ends[row] = end;
      times[row] = batch.timeMicrosAt(index);
      row++;
    }
  }
  const { lane, appendedMicros } = batches[0];
  return new EventBatch(
    lane,
    mergedPositions(batches, count),
    { count, appendedMicros, ids: EventIds.concat(batches.map((batch) => batch.ids)) },
    ends,
    times,
    columns,
    values,
  );
}

function columnOf(columns: Map<string, MergedColumn>, name: string, count: number): MergedColumn {
  let column = columns.get(name);
  if (column === undefined) {
    column = { dictionary: [], places: new Map(), index: new Uint32Array(count) };
    columns.set(name, column);
  }
  return column;
}

/** `from` is the row of the batch's first event in the merged one. */
function addColumn({ dictionary, places, index }: MergedColumn, column: Column, from: number): void {
  const placeOf = column.dictionary.map((value) => {
    let place = places.get(value);
    if (place === undefined) {
      place = dictionary.push(value);
      places.set(value, place);
    }
    return place;
  });
  for (let row = 0; row < column.index.length; row++) {
    const entry = column.index[row];
    if (entry !== 0) index[from + row] = placeOf[entry - 1];
  }
}

/** Counted on where there is no hole, else one by one: the parts, each of a few objects, are not kept. */
function mergedPositions(batches: readonly EventBatch[], count: number): PositionColumn {
  const first = offsetOfPosition(batches[0].positions.at(0));
  if (first !== undefined && offsetOfPosition(batches[batches.length - 1].lastPosition) === first + count - 1) {
    return densePositions(first, count);
  }
  return listedPositions(
    batches.flatMap(({ positions, count: events }) => Array.from({ length: events }, (_, at) => positions.at(at))),
  );
}
