import { isList, isObject, type Json, kindOf } from '../json-value.js';
import { TransformationFailure } from '../meter.js';
import { condition, type Evaluate, type Scope } from './expression-compiler.js';
import type { Tree } from './expression-tree.js';

/** `slot`: where the macro's variable lies among the locals. */
export function compileMacro(
  tree: Tree & { kind: 'macro' },
  of: Evaluate,
  compileBody: (body: Tree) => Evaluate,
  slot: number,
): Evaluate {
  const bodies = tree.bodies.map(compileBody);
  const first = bodies[0];
  const test = (scope: Scope, item: Json): boolean => {
    scope.locals[slot] = item;
    return condition(first(scope), tree.macro);
  };
  const items = (scope: Scope): readonly Json[] => {
    scope.meter.step();
    const value = of(scope);
    if (isList(value)) return value;
    if (!isObject(value)) throw new TransformationFailure('expression', `${tree.macro}: not of a ${kindOf(value)}`);
    // Of a map, as in CEL, its keys.
    const names = Object.keys(value);
    scope.meter.step(names.length);
    return names;
  };
  switch (tree.macro) {
    case 'all':
      return (scope) => items(scope).every((item) => test(scope, item));
    case 'exists':
      return (scope) => items(scope).some((item) => test(scope, item));
    case 'exists_one':
      return (scope) => items(scope).filter((item) => test(scope, item)).length === 1;
    case 'filter':
      return (scope) => items(scope).filter((item) => test(scope, item));
    case 'map': {
      const make = bodies[bodies.length - 1];
      return (scope) => {
        const made: Json[] = [];
        for (const item of items(scope)) {
          scope.meter.step();
          if (bodies.length === 2 && !test(scope, item)) continue;
          scope.locals[slot] = item;
          made.push(make(scope));
        }
        return made;
      };
    }
  }
}
