import { fieldOf, isList, isObject, type Json, type JsonObject, kindOf, setField } from '../json-value.js';
import { type Meter, TransformationFailure } from '../meter.js';
import { LinearPattern } from '../pattern/linear-pattern.js';
import { PatternSyntaxError } from '../pattern/pattern-parser.js';
import { functionOf, isTooManyArguments } from './expression-functions.js';
import { ExpressionSyntaxError } from './expression-syntax-error.js';
import type { Tree } from './expression-tree.js';
import { compileMacro } from './expression-macros.js';
import { binaryOf } from './expression-operators.js';

/** What an evaluation sees. `locals`: the variables of the macros around, outermost first. */
export interface Scope {
  readonly event: JsonObject;
  readonly meter: Meter;
  readonly locals: Json[];
}

export type Evaluate = (scope: Scope) => Json;

/** The whole event, unless the event has a field of that name. */
const WHOLE_EVENT = 'event';

/**
 * A tree of closures, one for each node. Names and functions are resolved here, once; what is not known is an
 * {@link ExpressionSyntaxError}. `variables`: of the macros around.
 */
export function compileTree(tree: Tree, variables: readonly string[] = []): Evaluate {
  const compile = (part: Tree) => compileTree(part, variables);
  switch (tree.kind) {
    case 'literal': {
      const { value } = tree;
      return ({ meter }) => (meter.step(), value);
    }
    case 'name':
      return compileName(tree.name, variables);
    case 'field': {
      const { name } = tree;
      const of = compile(tree.of);
      return (scope) => {
        scope.meter.step();
        return required(of(scope), name);
      };
    }
    case 'has': {
      const { name } = tree;
      const of = compile(tree.of);
      return (scope) => {
        scope.meter.step();
        const value = of(scope);
        return isObject(value) && fieldOf(value, name) !== undefined;
      };
    }
    case 'index':
      return compileIndex(compile(tree.of), compile(tree.index));
    case 'list': {
      const items = tree.items.map(compile);
      return (scope) => {
        scope.meter.step();
        return items.map((item) => item(scope));
      };
    }
    case 'map':
      return compileMap(tree.entries.map(([key, value]) => [compile(key), compile(value)] as const));
    case 'not': {
      const of = compile(tree.of);
      return (scope) => {
        scope.meter.step();
        return !condition(of(scope), '!');
      };
    }
    case 'negative': {
      const of = compile(tree.of);
      return (scope) => {
        scope.meter.step();
        const value = of(scope);
        if (typeof value !== 'number') throw new TransformationFailure('expression', `-: not a number`);
        return -value;
      };
    }
    case 'binary':
      return binaryOf(tree.sign, compile(tree.left), compile(tree.right));
    case 'conditional': {
      const [test, then, otherwise] = [tree.test, tree.then, tree.otherwise].map(compile);
      return (scope) => {
        scope.meter.step();
        return condition(test(scope), '?') ? then(scope) : otherwise(scope);
      };
    }
    case 'call':
      return compileCall(tree, tree.args.map(compile));
    case 'macro':
      return compileMacro(
        tree,
        compile(tree.of),
        (body) => compileTree(body, [...variables, tree.variable]),
        variables.length,
      );
  }
}

export function condition(value: Json, what: string): boolean {
  if (typeof value !== 'boolean') {
    throw new TransformationFailure('expression', `${what}: needs true or false, found a ${kindOf(value)}`);
  }
  return value;
}

function compileName(name: string, variables: readonly string[]): Evaluate {
  const local = variables.lastIndexOf(name);
  if (local >= 0) return ({ locals, meter }) => (meter.step(), locals[local]);
  return ({ event, meter }) => {
    meter.step();
    return name === WHOLE_EVENT ? (fieldOf(event, name) ?? event) : required(event, name);
  };
}

function required(value: Json, name: string): Json {
  const found = isObject(value) ? fieldOf(value, name) : undefined;
  if (found === undefined) throw new TransformationFailure('expression', `there is no field ${name}`);
  return found;
}

function compileIndex(of: Evaluate, index: Evaluate): Evaluate {
  return (scope) => {
    scope.meter.step();
    const value = of(scope);
    const at = index(scope);
    if (typeof at === 'string') return required(value, at);
    if (typeof at === 'number' && isList(value) && Number.isInteger(at) && at >= 0 && at < value.length) {
      return value[at];
    }
    throw new TransformationFailure('expression', `there is no [${typeof at === 'number' ? at : kindOf(at)}]`);
  };
}

function compileMap(entries: readonly (readonly [key: Evaluate, value: Evaluate])[]): Evaluate {
  return (scope) => {
    scope.meter.step();
    const made: Record<string, Json> = {};
    for (const [key, value] of entries) {
      const name = key(scope);
      if (typeof name !== 'string') throw new TransformationFailure('expression', 'keys of a map are texts');
      setField(made, name, value(scope));
    }
    return made;
  };
}

function compileCall(tree: Tree & { kind: 'call' }, args: readonly Evaluate[]): Evaluate {
  const { name, isMethod, at } = tree;
  if (name === 'matches' && isMethod) return compileMatches(tree, args);
  const found = functionOf(name, isMethod);
  if (found === undefined) {
    throw new ExpressionSyntaxError(`there is no function ${isMethod ? '.' : ''}${name}`, at);
  }
  if (args.length < found.parameters || isTooManyArguments(found, args.length)) {
    throw new ExpressionSyntaxError(`${name} takes ${found.parameters} arguments, its receiver included`, at);
  }
  return (scope) => {
    scope.meter.step();
    return found.call(
      scope.meter,
      args.map((arg) => arg(scope)),
    );
  };
}

/** The pattern stands in the text of the expression, so it is compiled with it. */
function compileMatches({ args: trees, at }: Tree & { kind: 'call' }, args: readonly Evaluate[]): Evaluate {
  const source = trees[1];
  if (trees.length !== 2 || source.kind !== 'literal' || typeof source.value !== 'string') {
    throw new ExpressionSyntaxError('matches takes a pattern as a text, not as an expression', at);
  }
  const pattern = patternOf(source.value, at);
  return (scope) => {
    scope.meter.step();
    const text = args[0](scope);
    if (typeof text !== 'string') throw new TransformationFailure('expression', `matches: not of a ${kindOf(text)}`);
    return pattern.test(text, scope.meter);
  };
}

function patternOf(source: string, at: number): LinearPattern {
  try {
    return new LinearPattern(source);
  } catch (error) {
    if (!(error instanceof PatternSyntaxError)) throw error;
    throw new ExpressionSyntaxError(`in the pattern, ${error.rule}`, at);
  }
}
