import type { EventRecord } from '../event.js';
import type { CompiledTransformation, Failure } from './compile-transformation.js';

/** What a rule does with the event that its transformation was applied to. */
export type TransformedRecord =
  | { readonly kind: 'event'; readonly record: EventRecord; readonly failure?: Failure }
  /** `reject`: the producer is told, with `schema.rejected` and the failure's problems. */
  | { readonly kind: 'drop' | 'dead_letter' | 'reject'; readonly failure: Failure };

/** For rules: id, time and routing key stay; the value is new, and attributes that were set replace those of their names. */
export function applyTransformation(compiled: CompiledTransformation, record: EventRecord): TransformedRecord {
  const transformed = compiled.apply(record.value);
  if (transformed.kind !== 'event') return { kind: transformed.kind, failure: transformed.failure };
  const { value, attributes, failure } = transformed;
  return {
    kind: 'event',
    record: { ...record, value, attributes: { ...record.attributes, ...attributes } },
    ...(failure === undefined ? {} : { failure }),
  };
}
