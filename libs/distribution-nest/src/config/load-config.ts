import type { z } from 'zod';
import { describeConfig } from './describe-config.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ConfigurationProblem {
  readonly variable: string;
  readonly rule: string;
  /** Undefined if nothing was given or the value is a secret. */
  readonly given: string | undefined;
}

/** The service cannot start: every problem at once, in a text for the person who starts it. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';

  constructor(readonly problems: readonly ConfigurationProblem[]) {
    super(['The configuration is not valid:', ...problems.map(lineOf)].join('\n'));
  }
}

/**
 * The environment as one frozen, typed object. A variable that is set to the empty text counts as not set, since
 * compose files pass every variable on. Unknown variables are none of our business.
 */
export function loadConfig<Schema extends z.ZodObject>(env: Environment, schema: Schema): Readonly<z.output<Schema>> {
  const settings = describeConfig(schema);
  const given: Record<string, string> = {};
  for (const { name } of settings) {
    const text = env[name]?.trim();
    if (text !== undefined && text !== '') given[name] = text;
  }
  const result = schema.safeParse(given);
  if (result.success) return deepFreeze(result.data);
  const secrets = new Set(settings.filter((setting) => setting.isSecret).map((setting) => setting.name));
  throw new ConfigurationError(
    result.error.issues.map((issue) => {
      const variable = String(issue.path[0] ?? '(all)');
      const isMissing = issue.path.length > 0 && !(variable in given);
      const rule = isMissing && issue.code === 'invalid_type' ? 'is required' : issue.message;
      return { variable, rule, given: secrets.has(variable) ? undefined : given[variable] };
    }),
  );
}

function lineOf({ variable, rule, given }: ConfigurationProblem): string {
  return `  ${variable}: ${rule}${given === undefined ? '' : ` (given: ${JSON.stringify(given)})`}`;
}

/** Plain data only: a value with a class of its own, such as a secret, looks after itself. */
function deepFreeze<Value>(value: Value): Value {
  if (Array.isArray(value)) value.forEach(deepFreeze);
  else if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    Object.values(value).forEach(deepFreeze);
  } else return value;
  return Object.freeze(value);
}
