import type { MessagePlace } from './message-position.js';

/*
 * Pulsar's MessageIdData as its WebSocket API has it, protobuf in base64: 1 ledger, 2 entry, 3 partition, 4 index in the
 * entry, 6 how many the entry has, … All of them varints, so each is read and those of no interest are passed over.
 */
const LEDGER = 1;
const ENTRY = 2;
const BATCH_INDEX = 4;
const BATCH_SIZE = 6;
const VARINT = 0;
const BITS = 7;
/** Where numbers that are below zero are told: 64 bits, all ones. */
const NEGATIVE_BYTES = 10;

export interface GivenId extends MessagePlace {
  /** False: Pulsar had the message already, and does not say where. */
  readonly isKnown: boolean;
  /** Nothing of its entry comes behind it. */
  readonly isLastOfEntry: boolean;
}

/** `RangeError` if it is damaged. */
export function readMessageId(base64: string): GivenId {
  const bytes = Buffer.from(base64, 'base64');
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift++) {
      if (at >= bytes.length) throw new RangeError('a message id ends too soon');
      const byte = bytes[at++];
      value += (byte & 0x7f) * 2 ** (BITS * shift);
      if (byte < 0x80) return shift + 1 === NEGATIVE_BYTES ? -1 : value;
    }
  };
  let ledger = -1;
  let entry = -1;
  let batchIndex = -1;
  let batchSize = 0;
  while (at < bytes.length) {
    const tag = varint();
    if ((tag & 7) !== VARINT) break;
    const value = varint();
    if (tag >>> 3 === LEDGER) ledger = value;
    else if (tag >>> 3 === ENTRY) entry = value;
    else if (tag >>> 3 === BATCH_INDEX) batchIndex = Math.min(value, 0x7fff_ffff);
    else if (tag >>> 3 === BATCH_SIZE) batchSize = value;
  }
  return { ledger, entry, batchIndex, isKnown: ledger >= 0, isLastOfEntry: batchIndex >= batchSize - 1 };
}

export function writeMessageId({ ledger, entry, batchIndex }: MessagePlace): string {
  const bytes: number[] = [];
  const varint = (number: number) => {
    let value = BigInt.asUintN(64, BigInt(number));
    for (; value >= 0x80n; value >>= 7n) bytes.push(Number(value & 0x7fn) | 0x80);
    bytes.push(Number(value));
  };
  const field = (tag: number, value: number) => {
    bytes.push(tag << 3);
    varint(value);
  };
  field(LEDGER, ledger);
  field(ENTRY, entry);
  if (batchIndex >= 0) field(BATCH_INDEX, batchIndex);
  return Buffer.from(bytes).toString('base64');
}
