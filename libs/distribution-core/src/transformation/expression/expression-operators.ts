import { fieldOf, isList, isObject, type Json, kindOf } from '../json-value.js';
import { type Meter, TransformationFailure } from '../meter.js';
import { condition, type Evaluate } from './expression-compiler.js';
import type { BinarySign } from './expression-tree.js';

type Operator = (meter: Meter, left: Json, right: Json) => Json;

/** Both sides are evaluated, from left to right, but of `&&` and `||` the right one only if it matters. */
export function binaryOf(sign: BinarySign, left: Evaluate, right: Evaluate): Evaluate {
  if (sign === '&&' || sign === '||') {
    const decides = sign === '||';
    return (scope) => {
      scope.meter.step();
      return condition(left(scope), sign) === decides ? decides : condition(right(scope), sign);
    };
  }
  const operator = OPERATORS[sign];
  return (scope) => {
    scope.meter.step();
    return operator(scope.meter, left(scope), right(scope));
  };
}

const OPERATORS: Readonly<Record<Exclude<BinarySign, '&&' | '||'>, Operator>> = {
  '==': (meter, left, right) => meter.equal(left, right),
  '!=': (meter, left, right) => !meter.equal(left, right),
  '<': (meter, left, right) => order(meter, '<', left, right) < 0,
  '<=': (meter, left, right) => order(meter, '<=', left, right) <= 0,
  '>': (meter, left, right) => order(meter, '>', left, right) > 0,
  '>=': (meter, left, right) => order(meter, '>=', left, right) >= 0,
  in: (meter, left, right) => {
    if (isList(right)) return right.some((item) => meter.equal(left, item));
    if (isObject(right) && typeof left === 'string') return fieldOf(right, left) !== undefined;
    throw unsuitable('in', left, right);
  },
  '+': (meter, left, right) => {
    if (typeof left === 'number' && typeof right === 'number') return finite(left + right);
    if (typeof left === 'string' && typeof right === 'string') {
      meter.make(left.length + right.length);
      return left + right;
    }
    if (isList(left) && isList(right)) {
      meter.step(left.length + right.length);
      return [...left, ...right];
    }
    throw unsuitable('+', left, right);
  },
  '-': (_meter, left, right) => numbers('-', left, right, (a, b) => a - b),
  '*': (_meter, left, right) => numbers('*', left, right, (a, b) => a * b),
  '/': (_meter, left, right) => numbers('/', left, right, (a, b) => a / b),
  '%': (_meter, left, right) => numbers('%', left, right, (a, b) => a % b),
};

function numbers(sign: string, left: Json, right: Json, operate: (a: number, b: number) => number): number {
  if (typeof left !== 'number' || typeof right !== 'number') throw unsuitable(sign, left, right);
  return finite(operate(left, right));
}

/** JSON has no infinity. */
export function finite(value: number): number {
  if (!Number.isFinite(value)) throw new TransformationFailure('expression', 'the result is not a number');
  return value;
}

/** Less than 0, 0, or more. */
function order(meter: Meter, sign: string, left: Json, right: Json): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  if (typeof left === 'string' && typeof right === 'string') {
    meter.read(Math.min(left.length, right.length));
    return left < right ? -1 : Number(left > right);
  }
  throw unsuitable(sign, left, right);
}

function unsuitable(sign: string, left: Json, right: Json): TransformationFailure {
  return new TransformationFailure('expression', `${sign}: not between a ${kindOf(left)} and a ${kindOf(right)}`);
}
