import { type Precondition, type ResourceVersion, versionOf } from '../precondition.js';
import type { TransformationDefinition } from '../transformation/definition.js';
import type { JsonObject } from '../transformation/json-value.js';

/** A transformation that has a name in its tenant. */
export interface NamedTransformation {
  readonly tenant: string;
  /** A word of at most 100 characters, unique in its tenant. */
  readonly name: string;
  readonly definition: TransformationDefinition;
  readonly createdAtMicros: number;
  readonly changedAtMicros: number;
}

/** Of the definition alone: who stores the same again has changed nothing. */
export const transformationVersion = (definition: TransformationDefinition): ResourceVersion => versionOf(definition);

/**
 * Transformations and look-up tables by name, each within its tenant; what another tenant has is as if it were not there.
 * Every write is one row, so it happens or does not. Failure: `transformation.exists`, `transformation.not_found`,
 * `precondition.failed`, `store.unavailable`. Calls may overlap; of two changes with one precondition one fails.
 */
export interface TransformationStore {
  /** By name, ascending. */
  list(tenant: string): Promise<readonly NamedTransformation[]>;
  find(tenant: string, name: string): Promise<NamedTransformation | undefined>;
  create(transformation: NamedTransformation): Promise<void>;
  replace(
    tenant: string,
    name: string,
    definition: TransformationDefinition,
    changedAtMicros: number,
    precondition: Precondition,
  ): Promise<NamedTransformation>;
  delete(tenant: string, name: string, precondition: Precondition): Promise<void>;
}

/** Rows by key. */
export interface LookupRows {
  readonly tenant: string;
  readonly name: string;
  readonly rows: JsonObject;
  readonly changedAtMicros: number;
}

export interface LookupSummary {
  readonly name: string;
  readonly rowCount: number;
  readonly changedAtMicros: number;
}

/** Where look-ups come from: whole tables, which the reader keeps for a while. */
export interface LookupSource {
  /** Undefined if there is none. Failure: `store.unavailable`. */
  load(tenant: string, name: string): Promise<LookupRows | undefined>;
}

/** Failure as of {@link TransformationStore}, with `lookup_table.not_found`. */
export interface LookupTableStore extends LookupSource {
  list(tenant: string): Promise<readonly LookupSummary[]>;
  /** Creates or replaces it as a whole. */
  put(table: LookupRows): Promise<void>;
  delete(tenant: string, name: string): Promise<void>;
}
