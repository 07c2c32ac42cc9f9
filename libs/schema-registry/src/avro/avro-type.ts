/** What a schema says beyond its type, as far as JSON shows it in another way. */
export type LogicalType =
  | { readonly name: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly name: 'date' | 'timestamp-millis' | 'timestamp-micros' };

export interface AvroField {
  readonly name: string;
  readonly type: AvroType;
  /** As JSON in the schema's own form; undefined: the field must be there. */
  readonly defaultValue: { readonly json: unknown } | undefined;
}

/** A schema after parsing: names are resolved, so a record may lie within itself. */
export type AvroType =
  | { readonly kind: 'null' | 'boolean' | 'float' | 'double' | 'string' }
  | { readonly kind: 'int' | 'long'; readonly logical?: LogicalType }
  | { readonly kind: 'bytes'; readonly logical?: LogicalType }
  | { readonly kind: 'fixed'; readonly name: string; readonly size: number; readonly logical?: LogicalType }
  | { readonly kind: 'record'; readonly name: string; readonly fields: readonly AvroField[] }
  | {
      readonly kind: 'enum';
      readonly name: string;
      readonly symbols: readonly string[];
      readonly indexes: ReadonlyMap<string, number>;
    }
  | { readonly kind: 'array'; readonly items: AvroType }
  | { readonly kind: 'map'; readonly values: AvroType }
  | { readonly kind: 'union'; readonly branches: readonly AvroType[] };

/** Of a type within a union, where no two may have the same. */
export const branchNameOf = (type: AvroType): string => ('name' in type ? type.name : type.kind);
