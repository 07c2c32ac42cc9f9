import { fieldOf, isList, isObject, type Json } from '@distributary/distribution-core';
import { AvroFailure, AvroPath } from './avro-failure.js';
import type { AvroField, AvroType } from './avro-type.js';
import { ByteSink } from './byte-sink.js';
import { decimalBytes, timeValue, unscaledDecimal } from './logical-types.js';

export interface AvroWriterLimits {
  readonly maxDepth: number;
  readonly maxBytes: number;
  /** Values that are written, those included that turn out not to suit a branch of a union. */
  readonly maxValues: number;
}

export const DEFAULT_WRITER_LIMITS: AvroWriterLimits = { maxDepth: 64, maxBytes: 256 * 1024, maxValues: 20_000 };

const MAX_INT = 2 ** 31;
const MAX_LONG = 2n ** 63n;
const DIGITS = /^-?\d{1,19}$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Writes JSON as a schema wants it; the other way round of {@link AvroReader}. What the schema does not name is left out. A
 * field that is missing is its default, or null where that is allowed. Of a union the first branch that the value suits
 * is taken.
 */
export class AvroWriter {
  private sink: ByteSink;
  private path = new AvroPath();
  private valuesLeft = 0;
  /** In the schema's form: bytes are texts of one character each, unions are their first branch. */
  private isDefault = false;
  private readonly defaults = new Map<AvroField, Buffer | 'being made'>();

  constructor(private readonly limits: AvroWriterLimits = DEFAULT_WRITER_LIMITS) {
    this.sink = new ByteSink(limits.maxBytes);
  }

  /** Of the last one: values that were written or tried. */
  get values(): number {
    return this.limits.maxValues - Math.max(0, this.valuesLeft);
  }

  /** Throws {@link AvroFailure}. The bytes are a copy. */
  write(type: AvroType, value: Json): Buffer {
    this.sink = new ByteSink(this.limits.maxBytes);
    this.path = new AvroPath();
    this.valuesLeft = this.limits.maxValues;
    this.isDefault = false;
    this.value(type, value);
    return this.sink.bytes();
  }

  private value(type: AvroType, value: Json): void {
    if (--this.valuesLeft < 0) throw this.budget(`has more than ${this.limits.maxValues} values`);
    switch (type.kind) {
      case 'null':
        return this.require(value === null, 'must be null');
      case 'boolean':
        this.require(typeof value === 'boolean', 'must be true or false');
        return this.sink.byte(value === true ? 1 : 0);
      case 'int':
        return this.sink.varint(this.int(value, type.logical?.name));
      case 'long':
        return this.sink.varint(this.long(value, type.logical?.name));
      case 'float':
        return this.sink.float(this.floating(value, Math.fround));
      case 'double':
        return this.sink.double(this.floating(value));
      case 'string':
        return this.counted(Buffer.from(this.text(value), 'utf8'));
      case 'bytes':
        return this.counted(this.binary(type, value));
      case 'fixed':
        return this.fixed(type, value);
      case 'enum':
        return this.symbol(type, value);
      case 'union':
        return this.union(type.branches, value);
      case 'record':
        return this.record(type.fields, value);
      case 'array':
        return this.array(type.items, value);
      case 'map':
        return this.map(type.values, value);
    }
  }

  private union(branches: readonly AvroType[], value: Json): void {
    const { length } = this.sink;
    const { depth } = this.path;
    const failures: AvroFailure[] = [];
    for (const [index, branch] of branches.entries()) {
      try {
        this.sink.varint(index);
        return this.value(branch, value);
      } catch (error) {
        if (!(error instanceof AvroFailure) || error.reason === 'budget') throw error;
        if (branch.kind !== 'null') failures.push(error);
        this.sink.returnTo(length);
        this.path.returnTo(depth);
        if (this.isDefault) break;
      }
    }
    // Of what may also be null, what is wrong is wrong with the other branch.
    throw failures.length === 1 ? failures[0] : this.mismatch('suits no branch of its union');
  }

  private record(fields: readonly AvroField[], value: Json): void {
    if (!isObject(value)) throw this.mismatch('must be an object');
    for (const field of fields) {
      const given = fieldOf(value, field.name);
      this.enter(field.name);
      if (given === undefined) this.missing(field);
      else this.value(field.type, given);
      this.path.leave();
    }
  }

  private missing(field: AvroField): void {
    if (field.defaultValue !== undefined) return this.sink.append(this.defaultOf(field));
    const nullBranch = field.type.kind === 'union' ? field.type.branches.findIndex(({ kind }) => kind === 'null') : -1;
    if (nullBranch >= 0) return this.sink.varint(nullBranch);
    this.require(field.type.kind === 'null', 'is missing');
  }

  /** Made once, so that defaults of defaults do not multiply. */
  private defaultOf(field: AvroField): Buffer {
    const known = this.defaults.get(field);
    if (known === 'being made') throw this.budget('has a default that lies within itself');
    if (known !== undefined) return known;
    const { sink, isDefault } = this;
    this.defaults.set(field, 'being made');
    this.sink = new ByteSink(this.limits.maxBytes);
    this.isDefault = true;
    try {
      this.value(field.type, (field.defaultValue as { json: Json }).json);
      const made = this.sink.bytes();
      this.defaults.set(field, made);
      return made;
    } finally {
      if (this.defaults.get(field) === 'being made') this.defaults.delete(field);
      this.sink = sink;
      this.isDefault = isDefault;
    }
  }

  private array(items: AvroType, value: Json): void {
    if (!isList(value)) throw this.mismatch('must be a list');
    if (value.length > 0) this.sink.varint(value.length);
    for (const [index, item] of value.entries()) {
      this.enter(index);
      this.value(items, item);
      this.path.leave();
    }
    this.sink.varint(0);
  }

  private map(values: AvroType, value: Json): void {
    if (!isObject(value)) throw this.mismatch('must be an object');
    const names = Object.keys(value);
    if (names.length > 0) this.sink.varint(names.length);
    for (const name of names) {
      this.counted(Buffer.from(name, 'utf8'));
      this.enter(name);
      this.value(values, value[name]);
      this.path.leave();
    }
    this.sink.varint(0);
  }

  private int(value: Json, logical: string | undefined): number {
    const number = logical === 'date' && typeof value === 'string' ? timeValue('date', value) : value;
    const isInt = Number.isInteger(number) && (number as number) >= -MAX_INT && (number as number) < MAX_INT;
    if (!isInt) throw this.mismatch(logical === 'date' ? 'must be a date' : 'must be a whole number of 32 bits');
    return number as number;
  }

  private long(value: Json, logical: string | undefined): number | bigint {
    const isTime = logical === 'timestamp-millis' || logical === 'timestamp-micros';
    if (typeof value === 'string' && DIGITS.test(value)) {
      const digits = BigInt(value);
      if (digits >= -MAX_LONG && digits < MAX_LONG) return digits;
    } else if (typeof value === 'string' && isTime) {
      const time = timeValue(logical, value);
      if (time !== undefined) return time;
    } else if (Number.isSafeInteger(value)) {
      return value as number;
    }
    throw this.mismatch(isTime ? 'must be a time' : 'must be a whole number of 64 bits');
  }

  /** `rounded`: what its bits are. A number that becomes infinite by that, or by being read from JSON, is refused. */
  private floating(value: Json, rounded = (number: number) => number): number {
    if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
    if (typeof value !== 'number') throw this.mismatch('must be a number');
    if (!Number.isFinite(rounded(value))) throw this.mismatch('must be a number that its type can hold');
    return value;
  }

  private text(value: Json): string {
    if (typeof value !== 'string') throw this.mismatch('must be a text');
    return value;
  }

  private fixed(type: Extract<AvroType, { kind: 'fixed' }>, value: Json): void {
    const bytes = this.binary(type, value);
    this.require(bytes.length === type.size, `must be ${type.size} bytes`);
    this.sink.append(bytes);
  }

  private binary(type: Extract<AvroType, { kind: 'bytes' | 'fixed' }>, value: Json): Buffer {
    const { logical } = type;
    if (this.isDefault) return Buffer.from(this.text(value), 'latin1');
    if (logical?.name === 'decimal') {
      const text = typeof value === 'number' ? String(value) : value;
      const { precision, scale } = logical;
      const unscaled = typeof text === 'string' ? unscaledDecimal(text, precision, scale) : undefined;
      if (unscaled !== undefined) return decimalBytes(unscaled, type.kind === 'fixed' ? type.size : undefined);
      throw this.mismatch(`must be a decimal of at most ${precision} digits, ${scale} of them after the point`);
    }
    const text = this.text(value);
    this.require(BASE64.test(text), 'must be Base64');
    return Buffer.from(text, 'base64');
  }

  private symbol({ symbols, indexes }: Extract<AvroType, { kind: 'enum' }>, value: Json): void {
    const index = typeof value === 'string' ? indexes.get(value) : undefined;
    const shown = symbols.slice(0, 10).join(', ');
    if (index === undefined) throw this.mismatch(`must be one of ${shown}${symbols.length > 10 ? ', …' : ''}`);
    this.sink.varint(index);
  }

  private counted(bytes: Buffer): void {
    this.sink.varint(bytes.length);
    this.sink.append(bytes);
  }

  private enter(part: string | number): void {
    this.path.enter(part);
    if (this.path.depth > this.limits.maxDepth) {
      throw new AvroFailure('budget', '', `is nested more than ${this.limits.maxDepth} deep`);
    }
  }

  private require(isSo: boolean, rule: string): void {
    if (!isSo) throw this.mismatch(rule);
  }

  private mismatch(rule: string): AvroFailure {
    return new AvroFailure('mismatch', this.path.toString(), rule);
  }

  private budget(rule: string): AvroFailure {
    return new AvroFailure('budget', this.path.toString(), rule);
  }
}
