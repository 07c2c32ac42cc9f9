import { type Json, isList, isObject, setField } from './json-value.js';

/** Why one event could not be transformed. */
export type FailureReason =
  /** The expression does not suit the event: a field that is missing, an operator that its value does not have. */
  | 'expression'
  /** The event's value is not a JSON object. */
  | 'unreadable'
  /** More steps, or more characters, than one event may cost. */
  | 'budget'
  /** The schema refused it. */
  | 'schema'
  /** A key of a look-up that is nowhere, and no default. */
  | 'lookup';

/** Ends the transformation of one event; never leaves the transformation. */
export class TransformationFailure extends Error {
  constructor(
    readonly reason: FailureReason,
    message: string,
  ) {
    super(message);
  }
}

export interface TransformationLimits {
  /** Evaluation steps for one event: a node of an expression, a field that is copied or looked at. */
  readonly maxSteps: number;
  /** Characters of texts that come into being for one event. */
  readonly maxCharacters: number;
  /** Of one event, when it is JSON text again. */
  readonly maxOutputBytes: number;
  readonly maxDepth: number;
}

export const DEFAULT_TRANSFORMATION_LIMITS: TransformationLimits = {
  maxSteps: 10_000,
  maxCharacters: 256 * 1024,
  maxOutputBytes: 256 * 1024,
  maxDepth: 64,
};

/** Work on texts that counts as one step. */
const CHARACTERS_PER_STEP = 64;
const COMPARISONS_PER_STEP = 1024;

/** What the transformation of one event may still cost. Everything whose time or size depends on data asks it first. */
export class Meter {
  steps = 0;
  characters = 0;

  constructor(readonly limits: TransformationLimits) {}

  reset(): void {
    this.steps = 0;
    this.characters = 0;
  }

  step(count = 1): void {
    this.steps += count;
    if (this.steps > this.limits.maxSteps) {
      throw new TransformationFailure('budget', `needs more than ${this.limits.maxSteps} steps`);
    }
  }

  /** A text is read from one end to the other. */
  read(characters: number): void {
    if (characters >= CHARACTERS_PER_STEP) this.step(Math.floor(characters / CHARACTERS_PER_STEP));
  }

  /** A text of this length is made. Asked before it is. */
  make(characters: number): void {
    this.characters += characters;
    if (this.characters > this.limits.maxCharacters) {
      throw new TransformationFailure('budget', `makes more than ${this.limits.maxCharacters} characters of text`);
    }
    this.read(characters);
  }

  /** One text is looked for in another; JavaScript's search may compare each with each. */
  search(text: string, wanted: string): void {
    const comparisons = text.length * Math.max(1, wanted.length);
    if (comparisons >= COMPARISONS_PER_STEP) this.step(Math.floor(comparisons / COMPARISONS_PER_STEP));
  }

  /** A copy that shares nothing that can grow: what is put into an event is counted there, each time. */
  copy(value: Json, depth = 0): Json {
    this.step();
    if (typeof value === 'string') this.make(value.length);
    if (typeof value !== 'object' || value === null) return value;
    this.checkDepth(depth);
    if (isList(value)) return value.map((item) => this.copy(item, depth + 1));
    const copied: Record<string, Json> = {};
    for (const name of Object.keys(value)) {
      this.make(name.length);
      setField(copied, name, this.copy(value[name], depth + 1));
    }
    return copied;
  }

  checkDepth(depth: number): void {
    if (depth > this.limits.maxDepth) {
      throw new TransformationFailure('budget', `is nested more than ${this.limits.maxDepth} deep`);
    }
  }

  equal(a: Json, b: Json, depth = 0): boolean {
    this.step();
    if (typeof a === 'string' && typeof b === 'string' && a.length === b.length) this.read(a.length);
    if (a === b) return true;
    this.checkDepth(depth);
    if (isList(a) && isList(b)) {
      return a.length === b.length && a.every((item, index) => this.equal(item, b[index], depth + 1));
    }
    if (!isObject(a) || !isObject(b)) return false;
    const names = Object.keys(a);
    if (names.length !== Object.keys(b).length) return false;
    return names.every((name) => Object.hasOwn(b, name) && this.equal(a[name], b[name], depth + 1));
  }
}
