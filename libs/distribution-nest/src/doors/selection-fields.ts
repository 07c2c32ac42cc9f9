import { numberOfText } from '@distributary/contracts';
import type { z } from 'zod';
import type { StreamVocabulary } from './stream-vocabulary.js';

/** What a selection of one domain may say besides what any selection may: `symbols`, `min_price`. All are optional. */
export type SelectionFields = Readonly<Record<string, z.ZodType>>;

type Extended = Map<z.ZodObject, z.ZodObject>;

const extended = new WeakMap<StreamVocabulary, Extended>();

/** The schema with the domain's own fields; made once. */
export function schemaFor<Schema extends z.ZodObject>(schema: Schema, vocabulary: StreamVocabulary): Schema {
  const { fields } = vocabulary;
  if (fields === undefined) return schema;
  let made = extended.get(vocabulary);
  if (made === undefined) extended.set(vocabulary, (made = new Map()));
  let own = made.get(schema);
  if (own === undefined) made.set(schema, (own = schema.extend(fields)));
  return own as unknown as Schema;
}

/** Of an input that was checked already: what the domain's own fields say. */
export function ownFieldsOf(input: object, { fields = {} }: StreamVocabulary): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(input).filter(([name, value]) => name in fields && value !== undefined));
}

/**
 * The domain's own fields as a query has them: lists are separated by commas. `textOf`: of a parameter, undefined if it is not
 * there. What is wrong in them is for the schema to tell.
 */
export function fieldsOfQuery(
  textOf: (name: string) => string | undefined,
  { fields = {} }: StreamVocabulary,
): Readonly<Record<string, unknown>> {
  const given: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(fields)) {
    const text = textOf(name);
    if (text === undefined) continue;
    if (schema.safeParse(['x']).success) given[name] = listOf(text);
    else given[name] = schema.safeParse(text).success ? text : numberOfText(text);
  }
  return given;
}

function listOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
