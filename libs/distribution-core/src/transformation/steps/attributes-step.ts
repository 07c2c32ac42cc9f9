import type { AttributeValue } from '../../event.js';
import { ROUTING_KEY } from '../../event-batch.js';
import { MAX_ENTRIES } from '../definition.js';
import { TransformationFailure } from '../meter.js';
import { joined } from '../problem-list.js';
import type { StepCompiler } from './step.js';
import { compileSource } from './value-source.js';

const NAME = /^[A-Za-z]\w{0,63}$/;
const MAX_VALUE_LENGTH = 1024;

/** What filters and rules look at, besides the value. On a subscription it has no effect: matching is over by then. */
export const attributesStep: StepCompiler = (input, path, { problems }) => {
  const set = problems.entries(input, path, MAX_ENTRIES).map(([name, source]) => {
    const at = joined(path, name);
    if (!NAME.test(name) || name === ROUTING_KEY) problems.add(at, `must be a word other than ${ROUTING_KEY}`);
    return { name, source: compileSource(source, at, problems) };
  });
  return ({ event, attributes, meter }) => {
    for (const { name, source } of set) {
      meter.step();
      const value = source?.({ event, meter });
      if (value === undefined) continue;
      if (!isAttribute(value)) throw new TransformationFailure('expression', `${name}: is not a short, flat value`);
      attributes[name] = value;
    }
    return undefined;
  };
};

function isAttribute(value: unknown): value is AttributeValue {
  if (typeof value === 'string') return value.length <= MAX_VALUE_LENGTH;
  return typeof value === 'number' || typeof value === 'boolean';
}
