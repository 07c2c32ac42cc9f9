import { FieldReader } from './field-reader.js';
import type { MessagePlace } from './message-position.js';

/*
 * Pulsar's MessageIdData as its WebSocket API has it, protobuf in base64: 1 ledger, 2 entry, 3 partition, 4 index in the
 * entry, 6 how many the entry has, … Those of no interest are passed over.
 */
const LEDGER = 1;
const ENTRY = 2;
const PARTITION = 3;
const BATCH_INDEX = 4;
const BATCH_SIZE = 6;

export interface GivenId extends MessagePlace {
  /** False: Pulsar had the message already, and does not say where. */
  readonly isKnown: boolean;
  /** Nothing of its entry comes behind it. */
  readonly isLastOfEntry: boolean;
}

/** `RangeError` if it is damaged. */
export function readMessageId(base64: string): GivenId {
  const reader = new FieldReader(Buffer.from(base64, 'base64'));
  let ledger = -1;
  let entry = -1;
  let batchIndex = -1;
  let batchSize = 0;
  while (reader.next()) {
    const { field, number } = reader;
    if (field === LEDGER) ledger = number;
    else if (field === ENTRY) entry = number;
    else if (field === BATCH_INDEX) batchIndex = Math.min(number, 0x7fff_ffff);
    else if (field === BATCH_SIZE) batchSize = number;
  }
  return { ledger, entry, batchIndex, isKnown: ledger >= 0, isLastOfEntry: batchIndex >= batchSize - 1 };
}

/** `packed`: of a message that was packed into an entry, for the id that its readers are given. */
export function writeMessageId(
  { ledger, entry, batchIndex }: MessagePlace,
  packed?: { readonly partition: number; readonly count: number },
): string {
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
  if (packed !== undefined) field(PARTITION, packed.partition);
  if (batchIndex >= 0) field(BATCH_INDEX, batchIndex);
  if (packed !== undefined) field(BATCH_SIZE, packed.count);
  return Buffer.from(bytes).toString('base64');
}
