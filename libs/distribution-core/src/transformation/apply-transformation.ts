import type { EventRecord } from '../event.js';
import type { CompiledTransformation, Failure, Transformed } from './compile-transformation.js';
import type { StepAllowance } from './step-allowance.js';

export type Allowance = Pick<StepAllowance, 'isLeft' | 'spend'>;

/** What a rule does with the event that its transformation was applied to. */
export type TransformedRecord =
  | { readonly kind: 'event'; readonly record: EventRecord; readonly failure?: Failure }
  /** `reject`: the producer is told, with `schema.rejected` and the failure's problems. */
  | { readonly kind: 'drop' | 'dead_letter' | 'reject'; readonly failure: Failure };

/** Never throws. Declined with reason `budget`, as the transformation's `on_error` says, if nothing is left. */
export function applyWithin(allowance: Allowance, compiled: CompiledTransformation, value: Uint8Array): Transformed {
  if (!allowance.isLeft) return compiled.decline(value, 'transformations of the tenant cost too much at present');
  const result = compiled.apply(value);
  allowance.spend(result.steps);
  return result;
}

/** For rules: id, time and routing key stay; the value is new, and attributes that were set replace those of their names. */
export function applyTransformation(
  allowance: Allowance,
  compiled: CompiledTransformation,
  record: EventRecord,
): TransformedRecord {
  const transformed = applyWithin(allowance, compiled, record.value);
  if (transformed.kind !== 'event') return { kind: transformed.kind, failure: transformed.failure };
  const { value, attributes, failure } = transformed;
  return {
    kind: 'event',
    record: { ...record, value, attributes: { ...record.attributes, ...attributes } },
    ...(failure === undefined ? {} : { failure }),
  };
}
