import {
  DistributionError,
  type Problem,
  type RegisteredSchema,
  type SchemaLanguage,
  type SubjectSchema,
} from '@distributary/distribution-core';
import type { HttpAnswer } from './http-call.js';

/** A list that a person reads. */
const MAX_PROBLEMS = 100;
const MAX_MESSAGE_LENGTH = 500;

const LANGUAGES: Readonly<Record<string, SchemaLanguage>> = { AVRO: 'avro', JSON: 'json', PROTOBUF: 'protobuf' };

/** Of `schemas/ids/{id}`. Who says no language means Avro. */
export function schemaOf(id: number, answer: unknown): RegisteredSchema {
  const { schema, schemaType = 'AVRO', references } = answer as Readonly<Record<string, unknown>>;
  const language = LANGUAGES[String(schemaType ?? 'AVRO')];
  if (typeof schema !== 'string' || language === undefined) {
    throw new DistributionError('store.unavailable', `the schema registry says nothing usable of the schema ${id}`);
  }
  return { id, language, text: schema, hasReferences: Array.isArray(references) && references.length > 0 };
}

/** Of `subjects/{subject}/versions/{version}`. */
export function subjectSchemaOf(subject: string, answer: unknown): SubjectSchema {
  const { id, version } = answer as Readonly<Record<string, unknown>>;
  if (typeof id !== 'number' || typeof version !== 'number') {
    throw new DistributionError('store.unavailable', `the schema registry says nothing usable of ${subject}`);
  }
  return { ...schemaOf(id, answer), subject, version };
}

/** Of a check of compatibility: undefined if it names nothing against the schema. */
export function problemsOf(answer: HttpAnswer): readonly Problem[] | undefined {
  if (answer.status === 422 || answer.status === 400) return [{ path: 'schema', rule: refusalText(answer) }];
  const { is_compatible: isCompatible, messages } = jsonOf(answer);
  if (answer.status !== 200 || isCompatible !== false) return undefined;
  const rules = Array.isArray(messages) ? messages.filter((message) => typeof message === 'string') : [];
  // Apicurio says what is wrong only when the schema is registered.
  if (rules.length === 0) return undefined;
  return rules.slice(0, MAX_PROBLEMS).map((rule) => ({ path: 'schema', rule: rule.slice(0, MAX_MESSAGE_LENGTH) }));
}

/** What the registry says of a call that it refuses. */
export function refusalText(answer: HttpAnswer): string {
  const { message } = jsonOf(answer);
  const text = typeof message === 'string' && message !== '' ? message : `is refused with ${answer.status}`;
  return text.slice(0, MAX_MESSAGE_LENGTH);
}

/** What may be otherwise in a moment. */
export const mayTryAgain = (status: number): boolean => status >= 500 || status === 429 || status === 408;

function jsonOf({ text }: HttpAnswer): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null ? (json as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}
