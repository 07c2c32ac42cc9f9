import type { AttributeValue } from '../../event.js';
import type { Secret } from '../../secret.js';
import type { SchemaPolicy } from '../definition.js';
import type { Json } from '../json-value.js';
import type { Problem } from '../../errors/distribution-error.js';
import type { Meter } from '../meter.js';
import type { ProblemList } from '../problem-list.js';

/** One event on its way through the steps. They change it in place. */
export interface Work {
  readonly event: Record<string, Json>;
  readonly attributes: Record<string, AttributeValue>;
  readonly meter: Meter;
}

/** The schema refused the event: what becomes of it, and why. */
export interface Refused {
  readonly policy: SchemaPolicy;
  readonly problems: readonly Problem[];
}

/** Throws a `TransformationFailure` if it does not suit the event; then nothing of the work counts. */
export type Step = (work: Work) => Refused | undefined;

/** Rows of a look-up by key, as of the last time that they were read. */
export interface LookupTable {
  get(key: string): Json | undefined;
}

export interface StepSurroundings {
  readonly problems: ProblemList;
  /** Tables that a definition may name. */
  readonly tables: ReadonlyMap<string, LookupTable>;
  /** Keys that `hash` may name. */
  readonly keys: ReadonlyMap<string, Secret>;
}

/** Undefined, and problems, if the input is no step of its kind. */
export type StepCompiler = (input: unknown, path: string, around: StepSurroundings) => Step | undefined;
