import { createHash } from 'node:crypto';
import { invalidRequest, type Problem } from '../errors/distribution-error.js';
import type { AttributeValue } from '../event.js';
import type { PayloadEncoder } from '../ports/payload-codec.port.js';
import type { Secret } from '../secret.js';
import { cloudEventOf, envelopeFacts } from './cloud-event.js';
import {
  FAILURE_POLICIES,
  type FailurePolicy,
  MAX_DEFINITION_LENGTH,
  MAX_STEPS,
  OUTPUT_FORMATS,
  type OutputFormat,
  type SchemaPolicy,
  type TransformationDefinition,
  type TransformationStep,
} from './definition.js';
import { isObject, type Json } from './json-value.js';
import {
  DEFAULT_TRANSFORMATION_LIMITS,
  type FailureReason,
  Meter,
  TransformationFailure,
  type TransformationLimits,
} from './meter.js';
import { ProblemList } from './problem-list.js';
import { attributesStep } from './steps/attributes-step.js';
import { enrichStep } from './steps/enrich-step.js';
import { mapStep, renameStep } from './steps/map-step.js';
import { dropStep, keepStep } from './steps/projection-step.js';
import { redactStep } from './steps/redact-step.js';
import { validateStep } from './steps/validate-step.js';
import type { LookupTable, Step, StepCompiler, StepSurroundings, Work } from './steps/step.js';

/** What became of one event. Only the first kind goes on. */
export type Transformed =
  | {
      readonly kind: 'event';
      /** JSON text in UTF-8, without a line break, or Avro; the event's own bytes if it failed and is to pass. */
      readonly value: Uint8Array;
      /** What `set_attributes` set, and nothing else. */
      readonly attributes: Readonly<Record<string, AttributeValue>>;
      readonly steps: number;
      /** It failed and passes as it was. */
      readonly failure?: Failure;
    }
  | { readonly kind: 'drop' | 'dead_letter' | 'reject'; readonly failure: Failure; readonly steps: number };

export interface Failure {
  readonly reason: FailureReason;
  /** For people. Says nothing of the event's content but names of its fields. */
  readonly message: string;
  /** Of a schema: each place that it refused. */
  readonly problems: readonly Problem[];
}

/** Compiled once; immutable; one event after another. */
export interface CompiledTransformation {
  /** Equal ones make the same of the same event, as long as look-up tables stay the same. */
  readonly fingerprint: string;
  readonly format: OutputFormat;
  /** `value`: JSON text. Never throws, and never costs more than its limits. */
  apply(value: Uint8Array): Transformed;
  /** What becomes of an event that it is not applied to, because that would cost too much. */
  decline(value: Uint8Array, message: string): Transformed;
}

export interface CompileSurroundings {
  /** Whose look-up tables they are. */
  readonly tenant: string;
  readonly tables?: ReadonlyMap<string, LookupTable>;
  readonly keys?: ReadonlyMap<string, Secret>;
  readonly limits?: Partial<TransformationLimits>;
  /** Of its subject, if the definition's format has one. */
  readonly encoder?: PayloadEncoder | undefined;
  /** Of every problem. Default: the definition is all that there is. */
  readonly path?: string;
}

const STEPS: Readonly<Record<string, StepCompiler>> = {
  map: mapStep,
  rename: renameStep,
  drop: dropStep,
  keep: keepStep,
  redact: redactStep,
  enrich: enrichStep,
  validate: validateStep,
  set_attributes: attributesStep,
};
/** What they leave out is not to be seen, so their events must not pass as they were. */
const MAX_SUBJECT_LENGTH = 255;
/** Schemas take long to compile. */
const MAX_VALIDATIONS = 2;
const isValidation = (step: unknown): boolean => typeof step === 'object' && step !== null && 'validate' in step;
const HIDING: ReadonlySet<string> = new Set(['drop', 'keep', 'redact']);

/** `request.invalid` with every problem of the definition, each with its path. */
export function compileTransformation(definition: unknown, around: CompileSurroundings): CompiledTransformation {
  const problems = new ProblemList();
  const path = around.path ?? '';
  requireSmall(definition, path);
  const text = JSON.stringify(definition) ?? '';
  if (text.length > MAX_DEFINITION_LENGTH) {
    problems.add(path, `must be at most ${MAX_DEFINITION_LENGTH} characters of JSON`);
    problems.throwIfAny();
  }
  const fields = problems.fields(definition, path, ['steps', 'on_error', 'format', 'subject']);
  const onError = problems.oneOf(fields?.on_error ?? 'drop', `${path && `${path}.`}on_error`, FAILURE_POLICIES);
  const format = problems.oneOf(fields?.format ?? 'plain', `${path && `${path}.`}format`, OUTPUT_FORMATS);
  const stepsPath = `${path && `${path}.`}steps`;
  const inputs =
    Array.isArray(fields?.steps) && fields.steps.length === 0 ? [] : problems.list(fields?.steps, stepsPath, MAX_STEPS);
  if (inputs.filter(isValidation).length > MAX_VALIDATIONS) {
    problems.add(stepsPath, `must have at most ${MAX_VALIDATIONS} of validate`);
    problems.throwIfAny();
  }
  const step = { problems, tables: around.tables ?? new Map(), keys: around.keys ?? new Map() };
  const steps = inputs.map((input, index) => compileStep(input, `${stepsPath}[${index}]`, step));
  if (onError === 'pass') {
    const hiding = inputs.findIndex((input) => Object.keys(input as object).some((name) => HIDING.has(name)));
    if (hiding >= 0)
      problems.add(`${path && `${path}.`}on_error`, `must not be pass: ${stepsPath}[${hiding}] hides fields`);
  }
  checkSubject(problems, path, { format, onError, subject: fields?.subject }, around.encoder);
  problems.throwIfAny();
  return new Transformation(
    fingerprintOf(around.tenant, definition, around.encoder?.schemaId),
    steps as readonly Step[],
    onError as FailurePolicy,
    format as OutputFormat,
    around.encoder,
    { ...DEFAULT_TRANSFORMATION_LIMITS, ...around.limits },
  );
}

/** What the doors cannot know: whether events can be written by the subject at all. */
function checkSubject(
  problems: ProblemList,
  path: string,
  { format, onError, subject }: { readonly format: unknown; readonly onError: unknown; readonly subject: unknown },
  encoder: PayloadEncoder | undefined,
): void {
  const at = (name: string) => `${path && `${path}.`}${name}`;
  if (format !== 'avro') {
    if (subject !== undefined) problems.add(at('subject'), 'must not be given but with the format avro');
    return;
  }
  if (onError === 'pass') problems.add(at('on_error'), 'must not be pass: what is no Avro must not be among Avro');
  if (problems.text(subject, at('subject'), MAX_SUBJECT_LENGTH) !== undefined && encoder === undefined) {
    problems.add(at('subject'), 'is no subject here whose schema events could be written by');
  }
}

/** Known before it is compiled. The order of fields counts, as it does for targets that lie within each other. */
export function fingerprintOf(tenant: string, definition: unknown, schemaId?: number): string {
  return createHash('sha256')
    .update(JSON.stringify([tenant, definition, ...(schemaId === undefined ? [] : [schemaId])]))
    .digest('base64url');
}

function compileStep(input: unknown, path: string, around: StepSurroundings): Step | undefined {
  const fields = around.problems.fields(input, path);
  if (fields === undefined) return undefined;
  const [name, ...others] = Object.keys(fields);
  if (name === undefined || others.length > 0 || !Object.hasOwn(STEPS, name)) {
    return around.problems.add(path, `must have one of ${Object.keys(STEPS).join(', ')}`);
  }
  return STEPS[name](fields[name], `${path}.${name}`, around);
}

/** Output may be this many times the input, and this much more, so that no small event becomes a flood. */
const MAX_GROWTH = 4;
const MAX_ADDED_BYTES = 16 * 1024;

class Transformation implements CompiledTransformation {
  private readonly meter: Meter;

  constructor(
    readonly fingerprint: string,
    private readonly steps: readonly Step[],
    private readonly onError: FailurePolicy,
    readonly format: OutputFormat,
    private readonly encoder: PayloadEncoder | undefined,
    private readonly limits: TransformationLimits,
  ) {
    this.meter = new Meter(limits);
  }

  apply(value: Uint8Array): Transformed {
    const { meter } = this;
    meter.reset();
    try {
      const event = parsed(value);
      const facts = this.format === 'cloudevents' ? envelopeFacts(event) : undefined;
      const work: Work = { event, attributes: {}, meter };
      for (const step of this.steps) {
        const refused = step(work);
        if (refused !== undefined) {
          const failure: Failure = { reason: 'schema', message: 'the schema refuses it', problems: refused.problems };
          return { kind: refused.policy satisfies SchemaPolicy, failure, steps: meter.steps };
        }
      }
      const bytes = this.bounded(this.encoded(facts === undefined ? event : cloudEventOf(facts, event)), value.length);
      return { kind: 'event', value: bytes, attributes: work.attributes, steps: meter.steps };
    } catch (error) {
      return this.failed(value, failureOf(error), meter.steps);
    }
  }

  decline(value: Uint8Array, message: string): Transformed {
    return this.failed(value, { reason: 'budget', message, problems: [] }, 0);
  }

  private failed(value: Uint8Array, failure: Failure, steps: number): Transformed {
    if (this.onError !== 'pass') return { kind: this.onError, failure, steps };
    return { kind: 'event', value, attributes: {}, steps, failure };
  }

  private encoded(event: Json): Uint8Array {
    if (this.encoder === undefined) return Buffer.from(JSON.stringify(event));
    const encoded = this.encoder.encode(event);
    if (encoded.kind === 'refused') {
      this.meter.steps += encoded.steps;
      throw new TransformationFailure(encoded.reason === 'budget' ? 'budget' : 'schema', encoded.message);
    }
    this.meter.step(encoded.steps);
    return encoded.bytes;
  }

  private bounded(bytes: Uint8Array, inputBytes: number): Uint8Array {
    const limit = Math.min(this.limits.maxOutputBytes, inputBytes * MAX_GROWTH + MAX_ADDED_BYTES);
    if (bytes.length > limit) throw new TransformationFailure('budget', `becomes larger than ${limit} bytes`);
    return bytes;
  }
}

function parsed(value: Uint8Array): Record<string, Json> {
  let event: Json;
  try {
    event = JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8')) as Json;
  } catch {
    throw new TransformationFailure('unreadable', 'its value is not JSON');
  }
  if (!isObject(event)) throw new TransformationFailure('unreadable', 'its value is not a JSON object');
  return event as Record<string, Json>;
}

function failureOf(error: unknown): Failure {
  if (error instanceof TransformationFailure) return { reason: error.reason, message: error.message, problems: [] };
  // Of JavaScript: the stack is used up by a value that is nested deeper than any step looked.
  if (error instanceof RangeError) return { reason: 'budget', message: 'is nested too deep', problems: [] };
  throw error;
}

/** The definition that says all that a subscription asks for. What is no definition is left to be refused as it is. */
export function definitionOf(
  transformation: TransformationDefinition | undefined,
  fields: readonly string[] | undefined,
  format: OutputFormat | undefined,
): TransformationDefinition {
  const given = transformation === undefined ? [] : (transformation.steps as unknown);
  if (!Array.isArray(given)) return transformation as TransformationDefinition;
  const steps = [...(given as TransformationStep[]), ...(fields === undefined ? [] : [{ keep: fields }])];
  return { ...transformation, steps, ...(format === undefined ? {} : { format }) };
}

const MAX_DEFINITION_DEPTH = 64;
const MAX_DEFINITION_NODES = 50_000;

/** `request.invalid` for what is too deep or too large to be looked at by what calls itself. */
export function requireSmall(definition: unknown, path: string, maxNodes = MAX_DEFINITION_NODES): void {
  const waiting: (readonly [value: unknown, depth: number])[] = [[definition, 0]];
  let nodes = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [value, depth] = next;
    if (depth > MAX_DEFINITION_DEPTH || ++nodes > maxNodes) {
      const most = depth > MAX_DEFINITION_DEPTH ? `be nested at most ${MAX_DEFINITION_DEPTH} deep` : 'be smaller';
      throw invalidRequest([{ path, rule: `must ${most}` }]);
    }
    if (typeof value !== 'object' || value === null) continue;
    for (const part of Object.values(value)) waiting.push([part, depth + 1]);
  }
}
