import { isUtf8 } from 'node:buffer';
import { type Json, setField } from '@distributary/distribution-core';
import { AvroFailure, AvroPath } from './avro-failure.js';
import type { AvroType } from './avro-type.js';
import { decimalText, MAX_DECIMAL_BYTES, timeText } from './logical-types.js';

export interface AvroReaderLimits {
  readonly maxDepth: number;
  /** Of the JSON text that comes of it, roughly. */
  readonly maxCharacters: number;
}

export const DEFAULT_READER_LIMITS: AvroReaderLimits = { maxDepth: 64, maxCharacters: 1024 * 1024 };

/** Values that take no bytes may be many more than the bytes of a body; so many are free, and so many more for each byte. */
const FREE_VALUES = 256;
const VALUES_PER_BYTE = 8;
/** A long has at most ten bytes of seven bits; eight of them are left to BigInt. */
const MAX_VARINT_BYTES = 10;
const EXACT_VARINT_BYTES = 7;

/**
 * Reads a body as the JSON that rules, filters and outputs understand, without code that is made of the schema and
 * without a value between. What it costs is bounded by the length of the body, whatever counts and schemas say.
 *
 * A union is the value that it holds. `bytes` and `fixed` are Base64; a decimal is a text of its digits; times and dates
 * are ISO 8601. A long beyond 2^53 is a text of its digits, and so are the three doubles that JSON does not have.
 */
export class AvroReader {
  private body: Buffer = Buffer.alloc(0);
  private at = 0;
  private valuesLeft = 0;
  private charactersLeft = 0;
  private path = new AvroPath();
  /** What was read in all, for those who share out time. */
  values = 0;

  constructor(private readonly limits: AvroReaderLimits = DEFAULT_READER_LIMITS) {}

  /** Throws {@link AvroFailure}. */
  read(type: AvroType, body: Buffer): Json {
    this.body = body;
    this.at = 0;
    const allowed = FREE_VALUES + VALUES_PER_BYTE * body.length;
    this.valuesLeft = allowed;
    this.charactersLeft = this.limits.maxCharacters;
    this.path = new AvroPath();
    try {
      const value = this.value(type);
      if (this.at < body.length) {
        this.path = new AvroPath();
        throw this.mismatch(`has ${body.length - this.at} bytes more than its schema says`);
      }
      return value;
    } finally {
      this.values += allowed - this.valuesLeft;
      this.body = Buffer.alloc(0);
    }
  }

  private value(type: AvroType): Json {
    if (--this.valuesLeft < 0)
      throw new AvroFailure('budget', this.path.toString(), 'has more values than its bytes allow');
    switch (type.kind) {
      case 'null':
        return null;
      case 'boolean':
        return this.boolean();
      case 'int':
        return this.int(type.logical?.name);
      case 'long':
        return this.long(type.logical?.name);
      case 'float':
        return floating(this.take(4).readFloatLE());
      case 'double':
        return floating(this.take(8).readDoubleLE());
      case 'string':
        return this.text();
      case 'bytes':
        return this.binary(this.take(this.length()), type.logical);
      case 'fixed':
        return this.binary(this.take(type.size), type.logical);
      case 'enum':
        return this.chosen(type.symbols, 'symbol');
      case 'union':
        return this.value(this.chosen(type.branches, 'branch'));
      case 'record':
        return this.record(type);
      case 'array':
        return this.array(type.items);
      case 'map':
        return this.map(type.values);
    }
  }

  private record({ fields }: Extract<AvroType, { kind: 'record' }>): Json {
    const record: Record<string, Json> = {};
    for (const { name, type } of fields) {
      this.spend(name.length);
      this.enter(name);
      setField(record, name, this.value(type));
      this.path.leave();
    }
    return record;
  }

  private array(items: AvroType): Json {
    const list: Json[] = [];
    for (let count = this.blockCount(); count > 0; count = this.blockCount()) {
      for (; count > 0; count--) {
        this.enter(list.length);
        list.push(this.value(items));
        this.path.leave();
      }
    }
    return list;
  }

  private map(values: AvroType): Json {
    const map: Record<string, Json> = {};
    for (let count = this.blockCount(); count > 0; count = this.blockCount()) {
      for (; count > 0; count--) {
        const key = this.text();
        this.enter(key);
        setField(map, key, this.value(values));
        this.path.leave();
      }
    }
    return map;
  }

  /** A negative count is followed by the block's length in bytes, for those who skip it. */
  private blockCount(): number {
    const count = this.varint();
    if (typeof count === 'bigint') throw this.mismatch('has a block of more items than there can be');
    if (count >= 0) return count;
    this.varint();
    return -count;
  }

  private boolean(): boolean {
    const byte = this.take(1)[0];
    if (byte > 1) throw this.mismatch(`has the byte ${byte} where a boolean is`);
    return byte === 1;
  }

  private int(logical: string | undefined): Json {
    const value = this.varint();
    if (typeof value === 'bigint' || value !== (value | 0)) throw this.mismatch('is beyond 32 bits');
    return logical === 'date' ? (timeText('date', value) ?? value) : value;
  }

  private long(logical: string | undefined): Json {
    const value = this.varint();
    if (typeof value === 'bigint') return value.toString();
    if (logical !== 'timestamp-millis' && logical !== 'timestamp-micros') return value;
    return timeText(logical, value) ?? value;
  }

  private chosen<Choice>(choices: readonly Choice[], what: string): Choice {
    const index = this.varint();
    const choice = typeof index === 'bigint' ? undefined : choices[index];
    if (choice === undefined) throw this.mismatch(`has the ${what} ${index}, of ${choices.length}`);
    return choice;
  }

  private text(): string {
    const bytes = this.take(this.length());
    if (!isUtf8(bytes)) throw this.mismatch('has a text that is not UTF-8');
    this.spend(bytes.length);
    return bytes.toString('utf8');
  }

  private binary(bytes: Buffer, logical: { readonly name: string; readonly scale?: number } | undefined): string {
    if (logical?.name !== 'decimal') {
      this.spend(Math.ceil(bytes.length / 3) * 4);
      return bytes.toString('base64');
    }
    if (bytes.length > MAX_DECIMAL_BYTES) throw this.mismatch(`has a decimal of more than ${MAX_DECIMAL_BYTES} bytes`);
    return decimalText(bytes, logical.scale ?? 0);
  }

  private length(): number {
    const length = this.varint();
    if (typeof length === 'bigint' || length < 0) throw this.mismatch(`has the length ${length}`);
    return length;
  }

  /** A bigint only if it is beyond what a number holds. */
  private varint(): number | bigint {
    const { body } = this;
    let unsigned = 0;
    let factor = 1;
    for (let count = 0; count < EXACT_VARINT_BYTES; count++) {
      const byte = body[this.at++];
      if (byte === undefined) throw this.mismatch('ends too early');
      unsigned += (byte & 0x7f) * factor;
      if (byte < 0x80) return unsigned % 2 === 0 ? unsigned / 2 : -(unsigned + 1) / 2;
      factor *= 0x80;
    }
    return this.longVarint(BigInt(unsigned));
  }

  private longVarint(begun: bigint): number | bigint {
    let unsigned = begun;
    for (let count = EXACT_VARINT_BYTES; count < MAX_VARINT_BYTES; count++) {
      const byte = this.body[this.at++];
      if (byte === undefined) throw this.mismatch('ends too early');
      unsigned |= BigInt(byte & 0x7f) << BigInt(7 * count);
      if (byte >= 0x80) continue;
      if (unsigned >= 1n << 64n) break;
      const value = BigInt.asIntN(64, (unsigned >> 1n) ^ -(unsigned & 1n));
      return Number.isSafeInteger(Number(value)) ? Number(value) : value;
    }
    throw this.mismatch('has a number of more than 64 bits');
  }

  private take(length: number): Buffer {
    const end = this.at + length;
    if (end > this.body.length) throw this.mismatch('ends too early');
    const bytes = this.body.subarray(this.at, end);
    this.at = end;
    return bytes;
  }

  private enter(part: string | number): void {
    this.path.enter(part);
    if (this.path.depth > this.limits.maxDepth) {
      throw new AvroFailure('budget', '', `is nested more than ${this.limits.maxDepth} deep`);
    }
  }

  private spend(characters: number): void {
    this.charactersLeft -= characters;
    if (this.charactersLeft >= 0) return;
    throw new AvroFailure('budget', '', `becomes more than ${this.limits.maxCharacters} characters`);
  }

  private mismatch(rule: string): AvroFailure {
    return new AvroFailure('mismatch', this.path.toString(), rule);
  }
}

/** As protobuf's JSON has them. */
const floating = (value: number): Json => (Number.isFinite(value) ? value : String(value));
