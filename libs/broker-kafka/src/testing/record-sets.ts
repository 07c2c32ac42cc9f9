import type { EventRecord } from '@distributary/distribution-core';
import { type ProducerStamp, writeBatch } from '../records/record-batch.js';
import { RecordWriter } from '../records/record-writer.js';
import { writeSigned } from '../records/varint.js';

const NOBODY: ProducerStamp = { producerId: -1, producerEpoch: -1, sequence: -1, isTransactional: false };
const CONTROL_BIT = 0x20;

/** What a broker does to a batch that it takes: gives it offsets, which the checksum leaves out. */
export function at(offset: number, batch: Buffer): Buffer {
  batch.writeBigInt64BE(BigInt(offset), 0);
  return batch;
}

export function eventBatch(
  offset: number,
  records: readonly EventRecord[],
  { timeMs = 1_000, ...stamp }: Partial<ProducerStamp> & { readonly timeMs?: number } = {},
): Buffer {
  const bytes = new RecordWriter().write(records);
  return at(offset, writeBatch(bytes, records.length, timeMs, 0, { ...NOBODY, ...stamp }));
}

/** The marker that ends a producer's transaction. */
export function marker(offset: number, producerId: number, kind: 'abort' | 'commit'): Buffer {
  const record = rawRecord({ key: Buffer.from([0, 0, 0, kind === 'abort' ? 0 : 1]), value: Buffer.alloc(6) });
  const stamp = { producerId, producerEpoch: 0, sequence: -1, isTransactional: true };
  return at(offset, writeBatch(record, 1, 1_000, CONTROL_BIT, stamp));
}

export interface RawRecord {
  readonly offsetDelta?: number;
  readonly timeDelta?: number;
  readonly key?: Buffer;
  readonly value?: Buffer;
  readonly headers?: readonly (readonly [string, Buffer])[];
}

/** A record as any client may write it. */
export function rawRecord({ offsetDelta = 0, timeDelta = 0, key, value, headers = [] }: RawRecord): Buffer {
  const number = (value_: number) => {
    const bytes = Buffer.alloc(10);
    return bytes.subarray(0, writeSigned(bytes, 0, value_));
  };
  const sized = (bytes: Buffer | undefined) => (bytes === undefined ? [number(-1)] : [number(bytes.length), bytes]);
  const body = Buffer.concat([
    Buffer.from([0]),
    number(timeDelta),
    number(offsetDelta),
    ...sized(key),
    ...sized(value),
    number(headers.length),
    ...headers.flatMap(([name, header]) => [...sized(Buffer.from(name)), ...sized(header)]),
  ]);
  return Buffer.concat([number(body.length), body]);
}

export function rawBatch(offset: number, records: readonly RawRecord[], timeMs = 1_000): Buffer {
  const bytes = Buffer.concat(records.map((record, index) => rawRecord({ offsetDelta: index, ...record })));
  return at(offset, writeBatch(bytes, records.length, timeMs, 0, NOBODY));
}
