import type { EventRecord } from '@distributary/distribution-core';
import { DX_KEY, mostDxBytes, TRACEPARENT_KEY, writeDx } from './event-header.js';
import { sizeOfSigned, writeSigned } from './varint.js';

const FIRST_BYTES = 64 * 1024;
/** Attributes, time delta, header count and every length, at most. */
const FRAME_BYTES = 64;

/**
 * Events as Kafka's records: key = routing key, value = payload, header `dx` = the rest, header `traceparent` as W3C has
 * it. The time of the record is that of the batch: brokers stamp our topics.
 *
 * One writer serves all lanes of a log: what it returns is a copy, what it works in is used again.
 */
export class RecordWriter {
  private bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  private dx = Buffer.allocUnsafeSlow(1024);

  write(records: readonly EventRecord[]): Buffer {
    let at = 0;
    for (let index = 0; index < records.length; index++) at = this.writeRecord(at, index, records[index]);
    return Buffer.from(this.bytes.subarray(0, at));
  }

  private writeRecord(from: number, offsetDelta: number, record: EventRecord): number {
    const { routingKey, value, traceparent } = record;
    const mostDx = mostDxBytes(record);
    if (this.dx.length < mostDx) this.dx = Buffer.allocUnsafeSlow(2 * mostDx);
    const dxBytes = writeDx(this.dx, record);
    const keyBytes = Buffer.byteLength(routingKey);
    const traceBytes = traceparent === undefined ? 0 : Buffer.byteLength(traceparent);
    const bodyBytes =
      2 +
      sizeOfSigned(offsetDelta) +
      sized(keyBytes) +
      sized(value.length) +
      1 +
      sized(DX_KEY.length) +
      sized(dxBytes) +
      (traceparent === undefined ? 0 : sized(TRACEPARENT_KEY.length) + sized(traceBytes));
    this.makeRoom(from, FRAME_BYTES + bodyBytes);
    const { bytes } = this;
    let at = writeSigned(bytes, from, bodyBytes);
    bytes[at++] = 0;
    bytes[at++] = 0;
    at = writeSigned(bytes, at, offsetDelta);
    at = writeSigned(bytes, at, keyBytes);
    at += bytes.write(routingKey, at);
    at = writeSigned(bytes, at, value.length);
    bytes.set(value, at);
    at = writeSigned(bytes, at + value.length, traceparent === undefined ? 1 : 2);
    at = writeSigned(bytes, at, DX_KEY.length);
    at += DX_KEY.copy(bytes, at);
    at = writeSigned(bytes, at, dxBytes);
    at += this.dx.copy(bytes, at, 0, dxBytes);
    if (traceparent === undefined) return at;
    at = writeSigned(bytes, at, TRACEPARENT_KEY.length);
    at += TRACEPARENT_KEY.copy(bytes, at);
    at = writeSigned(bytes, at, traceBytes);
    return at + bytes.write(traceparent, at);
  }

  private makeRoom(used: number, more: number): void {
    if (this.bytes.length - used >= more) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.bytes.length, used + more));
    this.bytes.copy(larger, 0, 0, used);
    this.bytes = larger;
  }
}

const sized = (bytes: number): number => sizeOfSigned(bytes) + bytes;
