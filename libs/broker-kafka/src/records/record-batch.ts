import { crc32c } from '@platformatic/kafka';

/** The head of a record batch of format 2, the only one that Kafka 4 knows; big endian. */
export const HEAD_BYTES = 61;
const LENGTH_AT = 8;
const MAGIC_AT = 16;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
/** What the length does not count: the base offset and the length itself. */
const BEFORE_LENGTH_BYTES = 12;
const MAGIC = 2;

export const CODEC_BITS = 0x07;
const APPEND_TIME_BIT = 0x08;
const TRANSACTIONAL_BIT = 0x10;
const CONTROL_BIT = 0x20;

export interface BatchHead {
  readonly baseOffset: number;
  readonly lastOffset: number;
  /** Of the whole batch, head included. */
  readonly bytes: number;
  /** 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
  readonly codec: number;
  readonly isTransactional: boolean;
  readonly isControl: boolean;
  /** Whether the broker set the time, which is then that of every record. */
  readonly hasAppendTime: boolean;
  readonly baseTimeMs: number;
  readonly maxTimeMs: number;
  readonly producerId: number;
  /** Records that are there; fewer than the offsets after compaction. */
  readonly count: number;
}

/** The end of the year 9999, which is the last that ISO 8601 writes with four digits. */
const LAST_MS = Date.UTC(10_000, 0) - 1;

/**
 * Epoch milliseconds, as producers write them: any 64 bits, as where one writes nanoseconds, or -1 for "not known". What is
 * no date until the year 9999 is 0, for every reader alike.
 */
export const datedMs = (timeMs: number): number => (timeMs >= 0 && timeMs <= LAST_MS ? timeMs : 0);

/** Undefined if the rest is not a whole batch: a broker cuts its answer anywhere. `RangeError` if it is damaged. */
export function readHead(bytes: Buffer, at: number): BatchHead | undefined {
  if (bytes.length - at < HEAD_BYTES) return undefined;
  const length = BEFORE_LENGTH_BYTES + bytes.readInt32BE(at + LENGTH_AT);
  if (bytes.length - at < length) return undefined;
  if (bytes[at + MAGIC_AT] !== MAGIC) throw new RangeError(`record format ${bytes[at + MAGIC_AT]}, expected ${MAGIC}`);
  if (crc32c(bytes.subarray(at + ATTRIBUTES_AT, at + length)) !== bytes.readUInt32BE(at + CRC_AT)) {
    throw new RangeError('a record batch was damaged on its way');
  }
  const attributes = bytes.readInt16BE(at + ATTRIBUTES_AT);
  const baseOffset = Number(bytes.readBigInt64BE(at));
  return {
    baseOffset,
    lastOffset: baseOffset + bytes.readInt32BE(at + 23),
    bytes: length,
    codec: attributes & CODEC_BITS,
    isTransactional: (attributes & TRANSACTIONAL_BIT) !== 0,
    isControl: (attributes & CONTROL_BIT) !== 0,
    hasAppendTime: (attributes & APPEND_TIME_BIT) !== 0,
    baseTimeMs: Number(bytes.readBigInt64BE(at + 27)),
    maxTimeMs: Number(bytes.readBigInt64BE(at + 35)),
    producerId: Number(bytes.readBigInt64BE(at + 43)),
    count: bytes.readInt32BE(at + 57),
  };
}

export interface ProducerStamp {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly sequence: number;
  readonly isTransactional: boolean;
}

/** A batch of records that were encoded already, with `codec` if they are compressed. */
export function writeBatch(
  records: Buffer,
  count: number,
  timeMs: number,
  codec: number,
  { producerId, producerEpoch, sequence, isTransactional }: ProducerStamp,
): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + records.length);
  bytes.writeBigInt64BE(0n, 0);
  bytes.writeInt32BE(bytes.length - BEFORE_LENGTH_BYTES, LENGTH_AT);
  bytes.writeInt32BE(-1, 12);
  bytes[MAGIC_AT] = MAGIC;
  bytes.writeInt16BE(codec | (isTransactional ? TRANSACTIONAL_BIT : 0), ATTRIBUTES_AT);
  bytes.writeInt32BE(count - 1, 23);
  bytes.writeBigInt64BE(BigInt(timeMs), 27);
  bytes.writeBigInt64BE(BigInt(timeMs), 35);
  bytes.writeBigInt64BE(BigInt(producerId), 43);
  bytes.writeInt16BE(producerEpoch, 51);
  bytes.writeInt32BE(sequence, 53);
  bytes.writeInt32BE(count, 57);
  bytes.set(records, HEAD_BYTES);
  bytes.writeUInt32BE(crc32c(bytes.subarray(ATTRIBUTES_AT)), CRC_AT);
  return bytes;
}
