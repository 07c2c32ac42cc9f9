import type { OtlpAttributes } from '@distributary/contracts';

export interface AttributeLimits {
  readonly maxCount: number;
  readonly maxNameLength: number;
  /** Longer ones are cut. */
  readonly maxValueLength: number;
}

export interface TextAttributes {
  readonly values: Readonly<Record<string, string>>;
  /** Attributes beyond the limits. */
  readonly dropped: number;
}

/** A value that is nested deeper than this is not looked into. */
const MAX_DEPTH = 4;
const MAX_ITEMS = 64;

/** Attributes as flat texts, the first ones of each name, bounded. */
export function textAttributes(attributes: OtlpAttributes, limits: AttributeLimits): TextAttributes {
  const values = new Map<string, string>();
  let dropped = 0;
  for (const { key, value } of attributes ?? []) {
    const text = textOf(value);
    if (text === undefined || values.has(key)) continue;
    if (key === '' || key.length > limits.maxNameLength || values.size >= limits.maxCount) dropped++;
    else values.set(key, text.slice(0, limits.maxValueLength));
  }
  // Not an assignment per name: `__proto__` is a name like any other.
  return { values: Object.fromEntries(values), dropped };
}

/** `AnyValue` as text; undefined if it is empty. */
export function textOf(value: unknown): string | undefined {
  const plain = plainOf(value, 0);
  if (plain === undefined) return undefined;
  return typeof plain === 'object' ? JSON.stringify(plain) : String(plain);
}

function plainOf(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth >= MAX_DEPTH) return '…';
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } = value as Record<
    string,
    unknown
  >;
  const scalar = stringValue ?? boolValue ?? intValue ?? doubleValue ?? bytesValue;
  if (['string', 'number', 'boolean'].includes(typeof scalar)) return scalar;
  const items = itemsOf(arrayValue);
  if (items !== undefined) return items.map((item) => plainOf(item, depth + 1) ?? null);
  const members = itemsOf(kvlistValue);
  if (members === undefined) return undefined;
  return Object.fromEntries(
    members.flatMap((member) => {
      if (typeof member !== 'object' || member === null) return [];
      const { key, value: inner } = member as { readonly key?: unknown; readonly value?: unknown };
      return typeof key === 'string' ? [[key, plainOf(inner, depth + 1) ?? null]] : [];
    }),
  );
}

function itemsOf(list: unknown): readonly unknown[] | undefined {
  if (typeof list !== 'object' || list === null) return undefined;
  const { values } = list as { readonly values?: unknown };
  return Array.isArray(values) ? values.slice(0, MAX_ITEMS) : [];
}
