import type { Problem } from '../../errors/distribution-error.js';
import type { Json, JsonObject } from '../json-value.js';
import type { Meter } from '../meter.js';
import { compileTree } from './expression-compiler.js';
import { parseExpression } from './expression-parser.js';
import { ExpressionSyntaxError } from './expression-syntax-error.js';

/** An expression, compiled once. */
export interface Expression {
  /** Throws a `TransformationFailure` if it does not suit the event, or costs more than the meter has left. */
  evaluate(event: JsonObject, meter: Meter): Json;
}

/**
 * The part of CEL that values are made with; `docs/transformations.md` lists it. Nothing of the text is ever handed to
 * JavaScript: it becomes a tree, and each node of it costs a step.
 */
export function compileExpression(source: string, path: string): Expression | Problem {
  try {
    const evaluate = compileTree(parseExpression(source));
    return { evaluate: (event, meter) => evaluate({ event, meter, locals: [] }) };
  } catch (error) {
    if (!(error instanceof ExpressionSyntaxError)) throw error;
    return { path, rule: `${error.rule} at ${placeOf(source, error.at)}` };
  }
}

function placeOf(source: string, at: number): string {
  const before = source.slice(0, at).split('\n');
  return `line ${before.length}, column ${before[before.length - 1].length + 1}`;
}
