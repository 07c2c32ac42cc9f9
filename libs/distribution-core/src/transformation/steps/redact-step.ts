import { createHmac } from 'node:crypto';
import { type Change, changePath } from '../event-path.js';
import type { Json } from '../json-value.js';
import type { Meter } from '../meter.js';
import { type Fields, joined } from '../problem-list.js';
import { pathsOf } from './projection-step.js';
import type { StepCompiler, StepSurroundings } from './step.js';

const METHODS = ['remove', 'mask', 'hash'] as const;
const MAX_KEPT_CHARACTERS = 64;
/** So that the length of what is hidden cannot be told. */
const MASK = '********';
/** A keyed hash takes about as long as this many steps. */
const STEPS_PER_HASH = 50;

/** Fields that nobody is to see. The same value has the same hash under one key, so it can still be joined and counted. */
export const redactStep: StepCompiler = (input, path, around) => {
  const { problems } = around;
  const fields = problems.fields(input, path, ['paths', 'with', 'keep_last', 'key']);
  if (fields === undefined) return undefined;
  const paths = pathsOf(fields.paths, joined(path, 'paths'), around);
  const method = problems.oneOf(fields.with, joined(path, 'with'), METHODS);
  if (fields.keep_last !== undefined && method !== 'mask') problems.add(joined(path, 'keep_last'), 'goes with mask');
  if (fields.key !== undefined && method !== 'hash') problems.add(joined(path, 'key'), 'goes with hash');
  const changeFor = method === undefined ? undefined : changeOf(method, fields, path, around);
  if (changeFor === undefined) return undefined;
  return ({ event, meter }) => {
    const change = changeFor(meter);
    for (const hidden of paths) changePath(event, hidden, meter, change);
    return undefined;
  };
};

function changeOf(
  method: (typeof METHODS)[number],
  fields: Fields,
  path: string,
  { problems, keys }: StepSurroundings,
): ((meter: Meter) => Change) | undefined {
  switch (method) {
    case 'remove':
      return () => () => undefined;
    case 'mask': {
      const kept = fields.keep_last ?? 0;
      if (typeof kept !== 'number' || !Number.isInteger(kept) || kept < 0 || kept > MAX_KEPT_CHARACTERS) {
        return problems.add(joined(path, 'keep_last'), `must be a whole number from 0 to ${MAX_KEPT_CHARACTERS}`);
      }
      return () => (value) => masked(value, kept);
    }
    case 'hash': {
      const name = problems.text(fields.key, joined(path, 'key'), 100);
      if (name === undefined) return undefined;
      const key = keys.get(name);
      if (key === undefined) return problems.add(joined(path, 'key'), `no key ${name} is configured`);
      return (meter) => (value) => {
        const text = typeof value === 'string' ? value : JSON.stringify(meter.copy(value));
        meter.step(STEPS_PER_HASH);
        meter.make(text.length);
        return createHmac('sha256', key.reveal()).update(text).digest('base64url');
      };
    }
  }
}

/** Of a text that is not longer than what is to stay, nothing stays. */
function masked(value: Json, kept: number): Json {
  const isText = typeof value === 'string' || typeof value === 'number';
  const text = isText ? String(value) : '';
  return text.length > kept && kept > 0 ? MASK + text.slice(-kept) : MASK;
}
