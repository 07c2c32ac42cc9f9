import type { Clock, Metrics, RegisteredSchema, SchemaRegistry } from '@distributary/distribution-core';
import type { AvroType } from './avro/avro-type.js';
import { parseSchema, SchemaProblem } from './avro/parse-schema.js';
import { RememberedLookups } from './remembered-lookups.js';

/** What an id, or a subject, stands for. */
export type KnownSchema =
  | { readonly kind: 'avro'; readonly id: number; readonly type: AvroType }
  | { readonly kind: 'unknown' }
  /** The registry has it, and we can do nothing with it. */
  | { readonly kind: 'unusable'; readonly why: string };

export interface SchemasLimits {
  /** Of ids, and of subjects. A schema takes up to some hundred KiB, most take one. */
  readonly maxSchemas: number;
  /** After it an id that was unknown is asked for again: its schema may have come. */
  readonly unknownTermMs: number;
  /** After it the newest version of a subject is asked for again. */
  readonly latestTermMs: number;
}

export const DEFAULT_SCHEMAS_LIMITS: SchemasLimits = { maxSchemas: 1_000, unknownTermMs: 5_000, latestTermMs: 30_000 };

export interface SchemasDependencies {
  readonly registry: SchemaRegistry;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly limits?: Partial<SchemasLimits>;
}

/** The registry's schemas, read and remembered. Failure: `store.unavailable`. */
export class Schemas {
  private readonly ids: RememberedLookups<number, KnownSchema>;
  private readonly subjects: RememberedLookups<string, KnownSchema>;
  private readonly memberships: RememberedLookups<string, boolean>;

  constructor(private readonly deps: SchemasDependencies) {
    const { clock, metrics } = deps;
    const { maxSchemas, unknownTermMs, latestTermMs } = { ...DEFAULT_SCHEMAS_LIMITS, ...deps.limits };
    const kept = { clock, metrics, maxEntries: maxSchemas };
    // What an id stands for never changes.
    const idTerm = ({ kind }: KnownSchema) => (kind === 'unknown' ? unknownTermMs : Infinity);
    const subjectTerm = ({ kind }: KnownSchema) => (kind === 'unknown' ? unknownTermMs : latestTermMs);
    this.ids = new RememberedLookups({ ...kept, name: 'id', termMs: idTerm });
    this.subjects = new RememberedLookups({ ...kept, name: 'subject', termMs: subjectTerm });
    const memberTerm = (isMember: boolean) => (isMember ? Infinity : unknownTermMs);
    this.memberships = new RememberedLookups({ ...kept, name: 'membership', termMs: memberTerm });
  }

  byId(id: number): Promise<KnownSchema> {
    return this.ids.get(id, async () => known(await this.deps.registry.byId(id)));
  }

  latest(subject: string): Promise<KnownSchema> {
    return this.subjects.get(subject, async () => known(await this.deps.registry.latest(subject)));
  }

  isOf(id: number, subject: string): Promise<boolean> {
    return this.memberships.get(`${id} ${subject}`, () => this.deps.registry.isOf(id, subject));
  }
}

function known(schema: RegisteredSchema | undefined): KnownSchema {
  if (schema === undefined) return { kind: 'unknown' };
  const { id, language, text, hasReferences } = schema;
  if (language !== 'avro') return { kind: 'unusable', why: `the schema ${id} is ${language}, not avro` };
  if (hasReferences) return { kind: 'unusable', why: `the schema ${id} names types of other schemas` };
  try {
    return { kind: 'avro', id, type: parseSchema(text) };
  } catch (error) {
    if (!(error instanceof SchemaProblem)) throw error;
    return { kind: 'unusable', why: `the schema ${id} cannot be used: ${error.message}` };
  }
}
