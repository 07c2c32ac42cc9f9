import type { AttributeValue } from '../event.js';

/** Where a value comes from: a constant, a field of the event, or a CEL expression over the event. */
export type ValueSource =
  | { readonly value: unknown }
  /** Absent: `default`, and without one the target is left alone. */
  | { readonly from: string; readonly default?: unknown }
  | { readonly cel: string };

export interface EnrichStep {
  /** The field that is put in. */
  readonly target: string;
  readonly key: ValueSource;
  /** Inline, by key… */
  readonly table?: Readonly<Record<string, unknown>>;
  /** …or a look-up table of the tenant by its name. */
  readonly lookup?: string;
  /** For keys that are nowhere; without one the event fails. */
  readonly default?: unknown;
}

export interface RedactStep {
  readonly paths: readonly string[];
  readonly with: 'remove' | 'mask' | 'hash';
  /** Of `mask`: how many characters at the end stay. */
  readonly keep_last?: number;
  /** Of `hash`: the name of a configured key. */
  readonly key?: string;
}

export const FAILURE_POLICIES = ['drop', 'dead_letter', 'pass'] as const;
export type FailurePolicy = (typeof FAILURE_POLICIES)[number];
export const SCHEMA_POLICIES = ['drop', 'dead_letter', 'reject'] as const;
export type SchemaPolicy = (typeof SCHEMA_POLICIES)[number];
/** `avro` is not JSON: only doors that carry bytes take it. */
export const OUTPUT_FORMATS = ['plain', 'cloudevents', 'avro'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];
export const isBinary = (format: OutputFormat): boolean => format === 'avro';

/** Exactly one field each. */
export type TransformationStep =
  | { readonly map: Readonly<Record<string, ValueSource>> }
  | { readonly rename: Readonly<Record<string, string>> }
  | { readonly drop: readonly string[] }
  | { readonly keep: readonly string[] }
  | { readonly redact: RedactStep }
  | { readonly enrich: EnrichStep }
  | { readonly validate: { readonly schema: unknown; readonly on_failure?: SchemaPolicy } }
  | { readonly set_attributes: Readonly<Record<string, ValueSource | { readonly value: AttributeValue }>> };

/** A transformation as it is sent and stored: data. Steps run one after another. */
export interface TransformationDefinition {
  readonly steps: readonly TransformationStep[];
  /** Of an event that a step does not suit, or that costs too much. Default: `drop`. */
  readonly on_error?: FailurePolicy;
  /** Default: `plain`. */
  readonly format?: OutputFormat;
  /** Of `avro`: whose newest schema the events are written by. */
  readonly subject?: string;
}

/** What a subscription wants its events to look like. Part of a feed's identity. */
export interface SubscriptionOutput {
  /** A definition, or the name of one of the tenant's. */
  readonly transformation?: TransformationDefinition | string;
  /** Only these fields of each event, and `event_id`. After the transformation. */
  readonly fields?: readonly string[];
  readonly format?: OutputFormat;
}

export const MAX_STEPS = 32;
export const MAX_ENTRIES = 64;
export const MAX_TABLE_ROWS = 1000;
/** Of a definition as JSON text. */
export const MAX_DEFINITION_LENGTH = 128 * 1024;
