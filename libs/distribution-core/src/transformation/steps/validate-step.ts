import { SCHEMA_POLICIES } from '../definition.js';
import { joined } from '../problem-list.js';
import { CompiledSchema } from '../schema/compiled-schema.js';
import type { StepCompiler } from './step.js';

/** JSON Schema 2020-12 over the event as it is by now. */
export const validateStep: StepCompiler = (input, path, { problems }) => {
  const fields = problems.fields(input, path, ['schema', 'on_failure']);
  if (fields === undefined) return undefined;
  const policy = problems.oneOf(fields.on_failure ?? 'drop', joined(path, 'on_failure'), SCHEMA_POLICIES);
  const schema = CompiledSchema.of(fields.schema, joined(path, 'schema'), problems);
  if (schema === undefined || policy === undefined) return undefined;
  return ({ event, meter }) => {
    const found = schema.problemsOf(event, meter);
    return found.length === 0 ? undefined : { policy, problems: found };
  };
};
