import type { Json } from '../transformation/json-value.js';

/**
 * How the payloads of a topic that others write are read.
 * - `none`: not at all, they are handed on as they are.
 * - `json`: as documents that are published: checked like those, and events of the service.
 * - `avro`: by schemas of a registry.
 */
export const PAYLOAD_FORMATS = ['none', 'json', 'avro'] as const;
export type PayloadFormat = (typeof PAYLOAD_FORMATS)[number];

/**
 * - `schema_unknown`: it names a schema that the registry does not have, or that is not one of the topic's.
 * - `payload_unreadable`: it names none, or one that cannot be used, or is not what its schema says; or it is no JSON.
 * - `event_invalid`: it is JSON, and breaks a rule of the service's events.
 */
export const PAYLOAD_REFUSALS = ['schema_unknown', 'payload_unreadable', 'event_invalid'] as const;
export type PayloadRefusal = (typeof PAYLOAD_REFUSALS)[number];

export type DecodedPayload =
  | { readonly kind: 'decoded'; readonly value: Json }
  /** `message`: for people; it names fields and numbers, no contents. */
  | { readonly kind: 'refused'; readonly reason: PayloadRefusal; readonly message: string };

export type EncodedPayload =
  /** `steps`: values that were written or tried. */
  | { readonly kind: 'encoded'; readonly bytes: Uint8Array; readonly steps: number }
  | {
      readonly kind: 'refused';
      readonly reason: 'mismatch' | 'budget';
      readonly message: string;
      readonly steps: number;
    };

/** Writes payloads by one schema, at once. Its cost is bounded, whatever value and schema are. */
export interface PayloadEncoder {
  readonly schemaId: number;
  encode(value: Json): EncodedPayload;
}

/**
 * Between payloads of the wire and JSON, by schemas that a registry keeps. Failure: `store.unavailable` while a schema that
 * is needed cannot be had; the same call may be made again. Calls may overlap. What a call costs is bounded by the bytes
 * that it is given, and it lets others have their turn in between.
 */
export interface PayloadCodec {
  /** One for each value, in their order. `subject`: whose schemas are allowed; undefined: any. */
  decode(values: readonly Uint8Array[], subject: string | undefined): Promise<readonly DecodedPayload[]>;
  /**
   * By the subject's newest schema. Undefined if there is no such subject; `schema.rejected` if its schema cannot be
   * used, with the reason.
   */
  encoderOf(subject: string): Promise<PayloadEncoder | undefined>;
}
