import { fieldPath, readPath } from '../event-path.js';
import { compileExpression } from '../expression/expression.js';
import type { Json } from '../json-value.js';
import type { Meter } from '../meter.js';
import { joined, type ProblemList } from '../problem-list.js';
import type { Work } from './step.js';

/** Undefined: there is nothing to be put in. */
export type Source = (work: Pick<Work, 'event' | 'meter'>) => Json | undefined;

const MAX_CONSTANT_LENGTH = 16 * 1024;

/** One of `{ value }`, `{ from, default? }`, `{ cel }`. */
export function compileSource(input: unknown, path: string, problems: ProblemList): Source | undefined {
  const fields = problems.fields(input, path, ['value', 'from', 'default', 'cel']);
  if (fields === undefined) return undefined;
  const given = ['value', 'from', 'cel'].filter((name) => fields[name] !== undefined);
  if (given.length !== 1) return problems.add(path, 'must have one of value, from, cel');
  if (fields.default !== undefined && given[0] !== 'from') problems.add(joined(path, 'default'), 'goes with from only');
  if (fields.value !== undefined) return constant(fields.value, joined(path, 'value'), problems);
  if (fields.from !== undefined) {
    const from = fieldPath(fields.from, joined(path, 'from'), problems, false);
    const otherwise =
      fields.default === undefined ? () => undefined : constant(fields.default, joined(path, 'default'), problems);
    if (from === undefined || otherwise === undefined) return undefined;
    return (work) => readPath(work.event, from) ?? otherwise(work);
  }
  if (typeof fields.cel !== 'string') return problems.add(joined(path, 'cel'), 'must be a text');
  const expression = compileExpression(fields.cel, joined(path, 'cel'));
  if ('rule' in expression) return problems.add(expression.path, expression.rule);
  return ({ event, meter }) => expression.evaluate(event, meter);
}

export function constant(value: unknown, path: string, problems: ProblemList): Source | undefined {
  const text = JSON.stringify(value);
  if (text === undefined || text.length > MAX_CONSTANT_LENGTH) {
    return problems.add(path, `must be JSON of at most ${MAX_CONSTANT_LENGTH} characters`);
  }
  const parsed = JSON.parse(text) as Json;
  return () => parsed;
}

/** Into the event goes a copy: a constant, a row or another field must not change with it. */
export const copied = (value: Json, meter: Meter): Json => meter.copy(value);
