/** What a schema is written in. Only Avro is understood; the others are told apart so that they can be refused by name. */
export type SchemaLanguage = 'avro' | 'json' | 'protobuf';

export interface RegisteredSchema {
  /** Of the registry, one for each text; what the wire format names. */
  readonly id: number;
  readonly language: SchemaLanguage;
  readonly text: string;
  /** It names types of other schemas. */
  readonly hasReferences: boolean;
}

/** The schema that a subject has at present. Versions count from 1. */
export interface SubjectSchema extends RegisteredSchema {
  readonly subject: string;
  readonly version: number;
}

/**
 * Where producers and consumers agree on schemas. An id, once given, stands for the same text for ever; a subject is a list
 * of versions, each of which suits the ones before it by the rule that the registry has for the subject.
 *
 * Atomicity: a registration happens or does not; of two at a time that do not suit one another one is refused. The same
 * schema registered again is the same id. Failure: `store.unavailable` if the registry does not answer within its
 * deadline, or does not let us in. Calls may overlap.
 */
export interface SchemaRegistry {
  /** Undefined if there is none of that id. */
  byId(id: number): Promise<RegisteredSchema | undefined>;
  /** Undefined if there is no such subject, or it has no version. */
  latest(subject: string): Promise<SubjectSchema | undefined>;
  /** Whether the schema is a version of the subject; false if there is none of that id. */
  isOf(id: number, subject: string): Promise<boolean>;
  /**
   * The id of an Avro schema, as a version of the subject. `schema.rejected`, with everything that the registry names, if it
   * is no schema or does not suit those that the subject has; then nothing is registered.
   */
  register(subject: string, text: string): Promise<number>;
  /** Rejects if the registry does not answer. */
  check(): Promise<void>;
  /** Lets go of its connections; calls under way end with `store.unavailable`. */
  close(): Promise<void>;
}
