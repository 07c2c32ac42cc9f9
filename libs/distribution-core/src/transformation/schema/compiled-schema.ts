import { Ajv2020, type ErrorObject, type Options, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Problem } from '../../errors/distribution-error.js';
import type { Json } from '../json-value.js';
import { type Meter, TransformationFailure } from '../meter.js';
import { LinearPattern } from '../pattern/linear-pattern.js';
import { joined, type ProblemList } from '../problem-list.js';
import { useMeteredKeywords } from './metered-keywords.js';
import { meteredFormats } from './schema-formats.js';
import { countSchema } from './schema-rules.js';

/** Checks of a schema at a value that count as one step. */
const CHECKS_PER_STEP = 128;
/**
 * With more, only the first problem is looked for: each check may find one, and ajv makes a list of all, of 150 bytes and
 * a microsecond each.
 */
const MAX_CHECKS_FOR_ALL = 20_000;
const MAX_PROBLEMS = 100;
/** Of one problem: ajv says patterns and names in full. */
const MAX_RULE_LENGTH = 1_000;

/** Checks schemas themselves; made when the first one comes. */
let metaSchema: Ajv2020 | undefined;

/** A schema, compiled once. The meter is asked before it looks at a value, and while it looks at texts. */
export class CompiledSchema {
  private readonly first: ValidateFunction;
  /** Made when the first event is refused. */
  private all: ValidateFunction | undefined;
  private meter: Meter | undefined;

  private constructor(
    private readonly schema: object | boolean,
    /** Of one value. */
    private readonly checks: number,
  ) {
    this.first = this.compile(false);
  }

  /** Undefined, and problems, if it is no schema or breaks one of the rules of `countSchema`. */
  static of(schema: unknown, path: string, problems: ProblemList): CompiledSchema | undefined {
    const before = problems.problems.length;
    const checks = countSchema(schema, path, problems);
    if (problems.problems.length > before) return undefined;
    metaSchema ??= new Ajv2020({ strict: false, logger: false, validateFormats: false });
    if (!metaSchema.validateSchema(schema as object | boolean)) {
      for (const { instancePath, message } of metaSchema.errors ?? []) {
        problems.add(pathOf(instancePath, path), message ?? 'is not as a schema has it');
      }
      return undefined;
    }
    return new CompiledSchema(schema as object | boolean, checks);
  }

  /** Each place that the schema refuses, or the first one of a large event. Empty: it fits. */
  problemsOf(event: Json, meter: Meter): readonly Problem[] {
    const checks = this.checks * countNodes(event, meter);
    meter.step(Math.ceil(checks / CHECKS_PER_STEP));
    this.meter = meter;
    if (this.first(event)) return [];
    if (checks > MAX_CHECKS_FOR_ALL) return [problemOf((this.first.errors as ErrorObject[])[0])];
    this.all ??= this.compile(true);
    this.all(event);
    const errors = this.all.errors ?? [];
    // Known only afterwards, and bounded by the checks: it is refused by the schema, whatever that has cost.
    meter.steps = Math.min(meter.limits.maxSteps, meter.steps + errors.length);
    return errors.slice(0, MAX_PROBLEMS).map(problemOf);
  }

  private compile(allErrors: boolean): ValidateFunction {
    const meter = () => this.meter as Meter;
    const options: Options = {
      allErrors,
      strict: false,
      logger: false,
      meta: false,
      validateSchema: false,
      // Names of JavaScript's own are no fields of an event.
      ownProperties: true,
      formats: meteredFormats(meter),
      code: { regExp: Object.assign((source: string) => this.engine(source), { code: '' }) },
    };
    const ajv = new Ajv2020(options);
    useMeteredKeywords(ajv, meter);
    return ajv.compile(this.schema);
  }

  /** Instead of JavaScript's, which goes back. ajv tells them apart by their texts, and takes equal ones for one. */
  private engine(source: string) {
    const pattern = new LinearPattern(source);
    return { test: (text: string) => pattern.test(text, this.meter as Meter), toString: () => source };
  }
}

/** The meter bounds it, so that a huge event is not even counted to its end. */
function countNodes(value: Json, meter: Meter): number {
  let nodes = 0;
  const most = meter.limits.maxSteps * CHECKS_PER_STEP;
  const waiting: Json[] = [value];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (++nodes > most) throw new TransformationFailure('budget', 'is too large for its schema');
    if (typeof next !== 'object' || next === null) continue;
    for (const name of Object.keys(next)) waiting.push((next as Readonly<Record<string, Json>>)[name]);
  }
  return nodes;
}

/** `/data/items/0` → `data.items[0]`, below `root`. */
function pathOf(pointer: string, root = ''): string {
  const parts = pointer.split('/').slice(1);
  return parts
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : joined(path, part)), root);
}

function problemOf({ instancePath, params, message = 'is not as the schema has it' }: ErrorObject): Problem {
  // Of a field that is missing, or that should not be there, the path is that field's.
  const { missingProperty, additionalProperty } = params as Readonly<Record<string, string | undefined>>;
  const name = missingProperty ?? additionalProperty;
  const path = pathOf(instancePath);
  return { path: name === undefined ? path : joined(path, name), rule: message.slice(0, MAX_RULE_LENGTH) };
}
