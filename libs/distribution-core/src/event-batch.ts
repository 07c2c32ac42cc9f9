import type { Attributes, AttributeValue, EventRecord } from './event.js';
import { type BatchHeader, readHeader } from './event-batch-header.js';
import type { EventIds } from './event-ids.js';
import type { Lane } from './lane.js';
import { offsetOfPosition, type Position, positionOfOffset } from './position.js';

/**
 * A run of events of one lane, in order, as it lies in the log and in memory: bytes and typed arrays, no objects.
 *
 * Layout, version 1, little endian:
 *   u8 version, 3 bytes zero, u32 header bytes, header (JSON, UTF-8),
 *   u32 ends[count]     end of each value, its trailing comma included
 *   f64 times[count]    epoch microseconds
 *   u32 index[count]    per column: 1 + place in the column's dictionary, 0 if the event lacks the attribute
 *   values              each followed by one comma
 *
 * The comma makes a run of neighbours one slice of a JSON array. The dictionaries make a filter decide once per
 * distinct value and batch instead of once per event.
 */
export interface Column {
  readonly dictionary: readonly AttributeValue[];
  readonly index: Uint32Array;
}

/** Positions of a batch, ascending. Dense for logs that count, a list for logs that skip. */
export interface PositionColumn {
  at(index: number): Position;
  /** The first index whose position is greater than `position`; the batch's count if there is none. */
  indexAfter(position: Position): number;
  /** Of memory that it keeps alive. */
  readonly byteLength: number;
}

/** What is true of a batch as a whole, and the ids of its events. */
export interface BatchSummary {
  readonly count: number;
  readonly appendedMicros: number;
  readonly ids: EventIds;
}

/** The routing key travels as a column of this name; attributes may not use it. */
export const ROUTING_KEY = 'routing_key';
/** So does the trace context, which is no attribute: no filter can name it. Absent while nothing is traced. */
export const TRACEPARENT = '\0traceparent';

const VERSION = 1;
const PREAMBLE_BYTES = 8;
const COMMA = 0x2c;
/** Objects of a batch, and of each of its columns: memory of 20,000 decoded batches of one event, less their bytes. */
const BATCH_BYTES = 1_400;
const COLUMN_BYTES = 400;
/** In arrays: where value and id end, and the time; in each column, a place in its dictionary. */
const EVENT_BYTES = 16;
const INDEX_BYTES = 4;

export class EventBatch {
  readonly count: number;
  /** When the broker took the first of it; epoch microseconds. */
  readonly appendedMicros: number;
  /** Bytes of memory that this batch keeps alive: more than its events have. */
  readonly byteLength: number;
  readonly ids: EventIds;

  constructor(
    readonly lane: Lane,
    readonly positions: PositionColumn,
    { count, appendedMicros, ids }: BatchSummary,
    private readonly ends: Uint32Array,
    private readonly times: Float64Array,
    private readonly columns: ReadonlyMap<string, Column>,
    private readonly values: Buffer,
  ) {
    this.count = count;
    this.appendedMicros = appendedMicros;
    this.ids = ids;
    this.byteLength =
      bytesOfBoth(values, ids.bytes) +
      positions.byteLength +
      count * (EVENT_BYTES + INDEX_BYTES * columns.size) +
      BATCH_BYTES +
      COLUMN_BYTES * columns.size;
  }

  /** Of the values alone, as they were published. */
  get valueBytes(): number {
    return this.count === 0 ? 0 : this.ends[this.count - 1] - this.count;
  }

  /** Made anew by each call: who wants a few of them asks for those. */
  get eventIds(): readonly string[] {
    return this.ids.all();
  }

  eventIdAt(index: number): string {
    return this.ids.at(index);
  }

  get lastPosition(): Position {
    return this.positions.at(this.count - 1);
  }

  column(name: string): Column | undefined {
    return this.columns.get(name);
  }

  columnNames(): Iterable<string> {
    return this.columns.keys();
  }

  attributeAt(index: number, name: string): AttributeValue | undefined {
    const column = this.columns.get(name);
    if (column === undefined) return undefined;
    const entry = column.index[index];
    return entry === 0 ? undefined : column.dictionary[entry - 1];
  }

  routingKeyAt(index: number): string {
    return this.attributeAt(index, ROUTING_KEY) as string;
  }

  timeMicrosAt(index: number): number {
    return this.times[index];
  }

  /** The value of one event, without its comma. A view: copy it before keeping it. */
  valueAt(index: number): Buffer {
    return this.values.subarray(this.startOf(index), this.ends[index] - 1);
  }

  /** The values of [from, to) with a comma after each, the last included. A view. */
  runOf(from: number, to: number): Buffer {
    return this.values.subarray(this.startOf(from), this.ends[to - 1]);
  }

  /** The same with a comma between them only. A view. */
  listOf(from: number, to: number): Buffer {
    return this.values.subarray(this.startOf(from), this.ends[to - 1] - 1);
  }

  /** The size of {@link runOf}. */
  bytesOf(from: number, to: number): number {
    return this.ends[to - 1] - this.startOf(from);
  }

  attributesAt(index: number): Record<string, AttributeValue> {
    const attributes: Record<string, AttributeValue> = {};
    for (const name of this.columns.keys()) {
      if (name === ROUTING_KEY || name === TRACEPARENT) continue;
      const value = this.attributeAt(index, name);
      if (value !== undefined) attributes[name] = value;
    }
    return attributes;
  }

  recordAt(index: number): EventRecord {
    const traceparent = this.attributeAt(index, TRACEPARENT);
    return {
      eventId: this.eventIdAt(index),
      timeMicros: this.times[index],
      routingKey: this.routingKeyAt(index),
      attributes: this.attributesAt(index),
      value: this.valueAt(index),
      ...(traceparent === undefined ? {} : { traceparent: traceparent as string }),
    };
  }

  private startOf(index: number): number {
    return index === 0 ? 0 : this.ends[index - 1];
  }
}

/** A batch that was decoded has its values within the bytes of its ids. */
function bytesOfBoth(values: Buffer, ids: Buffer): number {
  const isWithin =
    values.buffer === ids.buffer &&
    values.byteOffset >= ids.byteOffset &&
    values.byteOffset + values.length <= ids.byteOffset + ids.length;
  return isWithin ? ids.length : values.length + ids.length;
}

interface Filling {
  readonly dictionary: AttributeValue[];
  readonly places: Map<AttributeValue, number>;
  readonly index: Uint32Array;
}

function place({ dictionary, places, index }: Filling, row: number, value: AttributeValue): void {
  let entry = places.get(value);
  if (entry === undefined) {
    entry = dictionary.push(value);
    places.set(value, entry);
  }
  index[row] = entry;
}

/** `allocate`: where the bytes go; whoever copies them at once may use the same ones again. */
export function encodeEventBatch(
  records: readonly EventRecord[],
  appendedMicros: number,
  allocate: (bytes: number) => Buffer = (bytes) => Buffer.allocUnsafe(bytes),
): Buffer {
  const count = records.length;
  const columns = new Map<string, Filling>();
  const columnOf = (name: string): Filling => {
    let column = columns.get(name);
    if (column === undefined) {
      column = { dictionary: [], places: new Map(), index: new Uint32Array(count) };
      columns.set(name, column);
    }
    return column;
  };
  const attributeColumns = new Set<Filling>();
  /** Events of one kind may share one object of attributes: the first row that had it. */
  const rowOf = new Map<Attributes, number>();
  let valueBytes = 0;
  for (let row = 0; row < count; row++) {
    const { routingKey, attributes, traceparent, value } = records[row];
    place(columnOf(ROUTING_KEY), row, routingKey);
    const known = rowOf.get(attributes);
    if (known === undefined) {
      rowOf.set(attributes, row);
      for (const name in attributes) {
        const column = columnOf(name);
        attributeColumns.add(column);
        place(column, row, attributes[name]);
      }
    } else for (const { index } of attributeColumns) index[row] = index[known];
    if (traceparent !== undefined) place(columnOf(TRACEPARENT), row, traceparent);
    valueBytes += value.length + 1;
  }
  const header: BatchHeader = {
    count,
    appendedMicros,
    ids: records.map((record) => record.eventId),
    columns: [...columns].map(([name, column]) => [name, column.dictionary]),
  };
  const headerText = JSON.stringify(header);
  const headerBytes = Buffer.byteLength(headerText);
  const fixedBytes = count * (4 + 8 + 4 * columns.size);
  const out = allocate(PREAMBLE_BYTES + headerBytes + fixedBytes + valueBytes);
  out.writeUInt32LE(VERSION, 0);
  out.writeUInt32LE(headerBytes, 4);
  out.write(headerText, PREAMBLE_BYTES);
  let at = PREAMBLE_BYTES + headerBytes;
  const ends = new Uint32Array(count);
  const times = new Float64Array(count);
  let end = 0;
  for (let row = 0; row < count; row++) {
    const { value, timeMicros } = records[row];
    ends[row] = end += value.length + 1;
    times[row] = timeMicros;
  }
  at = writeUint32s(out, at, ends);
  at = writeFloat64s(out, at, times);
  for (const { index } of columns.values()) at = writeUint32s(out, at, index);
  for (const record of records) {
    out.set(record.value, at);
    at += record.value.length;
    out[at++] = COMMA;
  }
  return out;
}

/**
 * Typed arrays this short live on the JavaScript heap as long as nobody asks for their `buffer`: a batch of one event
 * then costs no allocation outside of it, and the collector has no backing stores to look after.
 */
const SHORT_ARRAY = 8;

function writeUint32s(out: Buffer, start: number, array: Uint32Array): number {
  if (array.length > SHORT_ARRAY) out.set(new Uint8Array(array.buffer), start);
  else for (let index = 0; index < array.length; index++) out.writeUInt32LE(array[index], start + index * 4);
  return start + array.byteLength;
}

function writeFloat64s(out: Buffer, start: number, array: Float64Array): number {
  if (array.length > SHORT_ARRAY) out.set(new Uint8Array(array.buffer), start);
  else for (let index = 0; index < array.length; index++) out.writeDoubleLE(array[index], start + index * 8);
  return start + array.byteLength;
}

/** The arrays of a batch: `ends`, `times`, and one index per column. */
interface Arrays {
  readonly ends: Uint32Array;
  readonly times: Float64Array;
  readonly indexes: readonly Uint32Array[];
}

/**
 * Copies the arrays that begin at `at`, so that they are aligned. Those of a long batch share one buffer: each buffer is an
 * allocation outside of the heap, and a batch with ten attributes would have a dozen.
 */
function readArrays(bytes: Buffer, at: number, count: number, columns: number): Arrays {
  const timesAt = at + count * 4;
  const indexesAt = timesAt + count * 8;
  if (count <= SHORT_ARRAY) {
    const times = new Float64Array(count);
    for (let row = 0; row < count; row++) times[row] = bytes.readDoubleLE(timesAt + row * 8);
    const indexes = Array.from({ length: columns }, (_, column) =>
      readShort(bytes, indexesAt + column * count * 4, count),
    );
    return { ends: readShort(bytes, at, count), times, indexes };
  }
  const shared = new Uint8Array(count * (12 + 4 * columns));
  // Numbers of eight bytes first, which must lie at a multiple of eight.
  shared.set(bytes.subarray(timesAt, indexesAt));
  shared.set(bytes.subarray(at, timesAt), count * 8);
  shared.set(bytes.subarray(indexesAt, indexesAt + columns * count * 4), count * 12);
  const { buffer } = shared;
  return {
    ends: new Uint32Array(buffer, count * 8, count),
    times: new Float64Array(buffer, 0, count),
    indexes: Array.from({ length: columns }, (_, column) => new Uint32Array(buffer, count * (12 + 4 * column), count)),
  };
}

function readShort(bytes: Buffer, at: number, count: number): Uint32Array {
  const array = new Uint32Array(count);
  for (let row = 0; row < count; row++) array[row] = bytes.readUInt32LE(at + row * 4);
  return array;
}

/** Takes over `bytes`: the batch reads from them for as long as it lives, so they must not change. */
export function decodeEventBatch(lane: Lane, positions: PositionColumn, bytes: Buffer): EventBatch {
  const version = bytes.readUInt32LE(0);
  if (version !== VERSION) throw new RangeError(`event batch version ${version}, expected ${VERSION}`);
  const at = PREAMBLE_BYTES + bytes.readUInt32LE(4);
  const { count, appendedMicros, ids, columns: names } = readHeader(bytes, PREAMBLE_BYTES, at);
  const { ends, times, indexes } = readArrays(bytes, at, count, names.length);
  const columns = new Map<string, Column>();
  names.forEach(([name, dictionary], column) => columns.set(name, { dictionary, index: indexes[column] }));
  const valuesAt = at + count * (12 + 4 * names.length);
  return new EventBatch(
    lane,
    positions,
    { count, appendedMicros, ids },
    ends,
    times,
    columns,
    bytes.subarray(valuesAt),
  );
}

/** Of a position as text: its object, its characters and its place in the list, or the pieces that it was put together of. */
const POSITION_BYTES = 120;

/** Ascending positions, each by itself. */
export function listedPositions(positions: readonly Position[]): PositionColumn {
  return {
    byteLength: positions.length * POSITION_BYTES,
    at: (index) => positions[index],
    indexAfter: (position) => {
      let low = 0;
      let high = positions.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (positions[middle] > position) high = middle;
        else low = middle + 1;
      }
      return low;
    },
  };
}

/** Positions of a log that numbers its events without holes: first, first + 1, … */
export function densePositions(firstOffset: number, count: number): PositionColumn {
  return {
    byteLength: 0,
    at: (index) => positionOfOffset(firstOffset + index),
    indexAfter: (position) => {
      const offset = offsetOfPosition(position);
      if (offset === undefined) throw new RangeError(`not a position of this log: ${position}`);
      return Math.min(Math.max(offset + 1 - firstOffset, 0), count);
    },
  };
}
