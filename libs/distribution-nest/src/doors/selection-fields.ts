import { numberOfText } from '@distributary/contracts';
import { z } from 'zod';

/** What a selection of one domain may say besides what any selection may: `symbols`, `min_price`. All are optional. */
export type SelectionFields = Readonly<Record<string, z.ZodType>>;

/** What is needed of a `StreamVocabulary`. */
export interface SelectsByFields {
  readonly fields?: SelectionFields;
}

type Extended = Map<z.ZodObject, z.ZodObject>;

const extended = new WeakMap<SelectsByFields, Extended>();

/** The schema with the domain's own fields; made once. */
export function schemaFor<Schema extends z.ZodObject>(schema: Schema, vocabulary: SelectsByFields): Schema {
  const { fields } = vocabulary;
  if (fields === undefined) return schema;
  let made = extended.get(vocabulary);
  if (made === undefined) extended.set(vocabulary, (made = new Map()));
  let own = made.get(schema);
  if (own === undefined) made.set(schema, (own = schema.extend(fields)));
  return own as unknown as Schema;
}

/** Of an input that was checked already: what the domain's own fields say. */
export function ownFieldsOf(input: object, { fields = {} }: SelectsByFields): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(input).filter(([name, value]) => name in fields && value !== undefined));
}

/**
 * The domain's own fields as a query has them: lists are separated by commas. `textOf`: of a parameter, undefined if it is not
 * there. What is wrong in them is for the schema to tell.
 */
export function fieldsOfQuery(
  textOf: (name: string) => string | undefined,
  { fields = {} }: SelectsByFields,
): Readonly<Record<string, unknown>> {
  const given: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(fields)) {
    const text = textOf(name);
    if (text === undefined) continue;
    if (isList(schema)) given[name] = listOf(text);
    else given[name] = schema.safeParse(text).success ? text : numberOfText(text);
  }
  return given;
}

/** The schema of a query with the domain's own fields as {@link fieldsOfQuery} takes them. */
export function querySchemaFor(schema: z.ZodObject, { fields = {} }: SelectsByFields): z.ZodObject {
  const inQuery = Object.entries(fields).map(([name, field]) => [name, isList(field) ? LIST_IN_QUERY : field]);
  return schema.extend(Object.fromEntries(inQuery) as SelectionFields);
}

const LIST_IN_QUERY = z.string().optional().describe('Separated by commas');

const isList = (field: z.ZodType): boolean => field.safeParse(['x']).success;

function listOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
