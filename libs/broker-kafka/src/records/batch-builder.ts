import type { Lane } from '@distributary/distribution-core';
import { EventBatch, EventIds, ROUTING_KEY, TRACEPARENT } from '@distributary/distribution-core';
import { type GrowingColumn, GrowingColumns } from './batch-columns.js';
import { DX_VERSION, KIND_NUMBER, KIND_TEXT, KIND_TRUE } from './event-header.js';
import type { ForeignDecoder, ForeignRecord } from './foreign-record.js';
import { offsetPositions } from './offset-positions.js';
import { type BatchHead, datedMs } from './record-batch.js';
import { VarintReader } from './varint.js';

const COMMA = 0x2c;
const FIRST_VALUE_BYTES = 256 * 1024;
const FIRST_ID_BYTES = 32 * 1024;
const NO_BYTES = Buffer.alloc(0);

class GrowingBytes {
  bytes: Buffer;

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafeSlow(size);
  }

  makeRoom(used: number, more: number): void {
    if (this.bytes.length - used >= more) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.bytes.length, used + more));
    this.bytes.copy(larger, 0, 0, used);
    this.bytes = larger;
  }
}

/**
 * Where values and ids are gathered before they are copied into a batch as one piece each. Used again and again: reading is
 * synchronous.
 */
export class BatchSpace {
  readonly values = new GrowingBytes(FIRST_VALUE_BYTES);
  readonly ids = new GrowingBytes(FIRST_ID_BYTES);
}

/**
 * Copies Kafka's records into the columns of one batch, without an object per record. This is the tail's hot path: texts
 * that repeat the row before are not decoded, and values are copied once, behind one another.
 */
export class BatchBuilder {
  private count = 0;
  private valueBytes = 0;
  private idBytes = 0;
  private readonly idEnds: Uint32Array;
  private readonly offsets: Float64Array;
  private readonly ends: Uint32Array;
  private readonly times: Float64Array;
  private readonly columns: GrowingColumns;
  private readonly routingKeys: GrowingColumn;
  private readonly reader = new VarintReader(NO_BYTES);
  /** Of what `reader` reads: a number of eight bytes is one instruction for it, and a call for a Buffer. */
  private view: DataView = new DataView(NO_BYTES.buffer);

  constructor(
    private readonly lane: Lane,
    private readonly appendedMicros: number,
    /** At most so many records will be put. */
    rows: number,
    private readonly space: BatchSpace,
    private readonly decode: ForeignDecoder,
  ) {
    this.offsets = new Float64Array(rows);
    this.ends = new Uint32Array(rows);
    this.idEnds = new Uint32Array(rows);
    this.times = new Float64Array(rows);
    this.columns = new GrowingColumns(rows);
    this.routingKeys = this.columns.named(ROUTING_KEY);
  }

  /** The records of one batch, unpacked, that lie at `from` or behind. `RangeError` if they are damaged. */
  put(head: BatchHead, records: Buffer, from: number): void {
    const { reader } = this;
    reader.bytes = records;
    this.view = new DataView(records.buffer, records.byteOffset, records.byteLength);
    reader.at = 0;
    for (let left = head.count; left > 0; left--) {
      const length = reader.signed();
      const end = reader.at + length;
      if (end > records.length) throw new RangeError('a record is longer than its batch');
      reader.at++;
      const timeMs = head.hasAppendTime ? (reader.signed(), head.maxTimeMs) : head.baseTimeMs + reader.signed();
      const offset = head.baseOffset + reader.signed();
      if (offset >= from) this.putRecord(records, offset, timeMs);
      reader.at = end;
    }
  }

  /** Undefined if nothing was put. */
  batch(): EventBatch | undefined {
    const { count, lane, appendedMicros, idEnds, ends, times } = this;
    if (count === 0) return undefined;
    const isFull = count === ends.length;
    const idBytes = Buffer.from(this.space.ids.bytes.subarray(0, this.idBytes));
    const ids = new EventIds(idBytes, isFull ? idEnds : idEnds.slice(0, count));
    return new EventBatch(
      lane,
      offsetPositions(isFull ? this.offsets : this.offsets.slice(0, count)),
      { count, appendedMicros, ids },
      isFull ? ends : ends.slice(0, count),
      isFull ? times : times.slice(0, count),
      this.columns.columns(count),
      Buffer.from(this.space.values.bytes.subarray(0, this.valueBytes)),
    );
  }

  private putRecord(bytes: Buffer, offset: number, timeMs: number): void {
    const { reader } = this;
    const keyBytes = reader.signed();
    const keyFrom = reader.at;
    reader.at += Math.max(keyBytes, 0);
    const valueBytes = reader.signed();
    const valueFrom = reader.at;
    reader.at += Math.max(valueBytes, 0);
    const headersFrom = reader.at;
    let dxFrom = -1;
    let traceFrom = -1;
    let traceTo = -1;
    for (let left = reader.signed(); left > 0; left--) {
      const nameBytes = reader.signed();
      const nameFrom = reader.at;
      reader.at += nameBytes;
      const headerBytes = reader.signed();
      if (nameBytes === 2 && bytes[nameFrom] === 0x64 && bytes[nameFrom + 1] === 0x78) dxFrom = reader.at;
      // The only other header of ours; 11 letters that begin with t.
      else if (nameBytes === 11 && bytes.toString('latin1', nameFrom, nameFrom + 11) === 'traceparent') {
        traceFrom = reader.at;
        traceTo = reader.at + headerBytes;
      }
      reader.at += Math.max(headerBytes, 0);
    }
    if (dxFrom < 0 || valueBytes < 0 || bytes[dxFrom] !== DX_VERSION) {
      const key = keyBytes < 0 ? undefined : bytes.subarray(keyFrom, keyFrom + keyBytes);
      const value = valueBytes < 0 ? undefined : bytes.subarray(valueFrom, valueFrom + valueBytes);
      reader.at = headersFrom;
      const timeMicros = datedMs(timeMs) * 1000;
      const { topic, partition, epoch } = this.lane;
      this.putForeign({ topic, partition, epoch, offset, timeMicros, key, value, headers: this.headers(bytes) });
      return;
    }
    const row = this.count++;
    this.offsets[row] = offset;
    this.routingKeys.putText(row, bytes, keyFrom, keyFrom + Math.max(keyBytes, 0), false);
    if (traceFrom >= 0) this.columns.named(TRACEPARENT).putText(row, bytes, traceFrom, traceTo, true);
    reader.at = dxFrom + 1;
    this.putDx(row, bytes);
    this.putValue(row, bytes, valueFrom, valueBytes);
  }

  private putDx(row: number, bytes: Buffer): void {
    const { reader } = this;
    this.times[row] = this.view.getFloat64(reader.at);
    reader.at += 8;
    const id = reader.unsigned();
    const idTo = reader.at + (id >>> 1);
    this.putId(row, bytes, reader.at, idTo);
    reader.at = idTo;
    const attributes = reader.unsigned();
    for (let slot = 0; slot < attributes; slot++) {
      const nameBytes = reader.unsigned() >>> 1;
      const column = this.columns.at(slot, bytes, reader.at, reader.at + nameBytes);
      reader.at += nameBytes;
      const kind = bytes[reader.at++];
      if (kind === KIND_TEXT) {
        const text = reader.unsigned();
        const to = reader.at + (text >>> 1);
        column.putText(row, bytes, reader.at, to, (text & 1) === 0);
        reader.at = to;
      } else if (kind === KIND_NUMBER) {
        column.put(row, this.view.getFloat64(reader.at));
        reader.at += 8;
      } else column.put(row, kind === KIND_TRUE);
    }
  }

  private putValue(row: number, bytes: Uint8Array, from: number, length: number): void {
    const { values } = this.space;
    values.makeRoom(this.valueBytes, length + 1);
    // Not `subarray`, which makes a whole Buffer.
    values.bytes.set(new Uint8Array(bytes.buffer, bytes.byteOffset + from, length), this.valueBytes);
    this.valueBytes += length;
    values.bytes[this.valueBytes++] = COMMA;
    this.ends[row] = this.valueBytes;
  }

  /** Byte by byte: an id is short. */
  private putId(row: number, bytes: Uint8Array, from: number, to: number): void {
    const { ids } = this.space;
    ids.makeRoom(this.idBytes, to - from);
    for (let at = from; at < to; at++) ids.bytes[this.idBytes++] = bytes[at];
    this.idEnds[row] = this.idBytes;
  }

  private putForeign(foreign: ForeignRecord): void {
    const { eventId, timeMicros, routingKey, attributes, value, traceparent } = this.decode(foreign);
    const row = this.count++;
    this.offsets[row] = foreign.offset;
    const id = Buffer.from(eventId);
    this.putId(row, id, 0, id.length);
    this.times[row] = timeMicros;
    this.routingKeys.put(row, routingKey);
    for (const name in attributes) this.columns.named(name).put(row, attributes[name]);
    if (traceparent !== undefined) this.columns.named(TRACEPARENT).put(row, traceparent);
    this.putValue(row, value, 0, value.length);
  }

  private headers(bytes: Buffer): [string, Buffer][] {
    const { reader } = this;
    return Array.from({ length: reader.signed() }, (): [string, Buffer] => {
      const nameTo = reader.signed() + reader.at;
      const name = bytes.toString('utf8', reader.at, nameTo);
      reader.at = nameTo;
      const valueTo = Math.max(reader.signed(), 0) + reader.at;
      const value = bytes.subarray(reader.at, valueTo);
      reader.at = valueTo;
      return [name, value];
    });
  }
}
