import { z } from 'zod';

export type JsonSchema = { [key: string]: unknown };

const DEFS = '#/$defs/';
const COMPONENTS = '#/components/schemas/';

/**
 * zod schemas as JSON Schema 2020-12, which OpenAPI 3.1 and AsyncAPI 3 have in common. Schemas with
 * `.meta({ id: 'Alert' })` become components of that name; one that looks different as input gets the name `AlertInput`.
 */
export class OpenApiSchemas {
  readonly components: Record<string, JsonSchema> = {};
  private readonly texts = new Map<string, string>();
  private readonly made = { input: new Map<z.ZodType, JsonSchema>(), output: new Map<z.ZodType, JsonSchema>() };

  /** `input`: what may be sent to us; `output`: what we answer. */
  schemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
    const known = this.made[io].get(schema);
    if (known !== undefined) return known;
    const made = this.make(schema, io);
    this.made[io].set(schema, made);
    return made;
  }

  private make(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
    const converted = z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' }) as JsonSchema;
    const { $schema: _dialect, $defs, ...rest } = converted;
    const definitions = ($defs ?? {}) as Record<string, JsonSchema>;
    const names = new Map(Object.keys(definitions).map((id) => [id, this.nameOf(id, definitions, io)]));
    for (const [id, definition] of Object.entries(definitions)) {
      this.components[names.get(id) as string] ??= withReferences(definition, names) as JsonSchema;
    }
    return withReferences(rest, names) as JsonSchema;
  }

  private nameOf(id: string, definitions: Record<string, JsonSchema>, io: 'input' | 'output'): string {
    const text = JSON.stringify([...reachable(id, definitions)].map((each) => [each, definitions[each]]));
    const known = this.texts.get(id);
    if (known === undefined) this.texts.set(id, text);
    return known === undefined || known === text ? id : `${id}${io === 'input' ? 'Input' : 'Output'}`;
  }
}

/** Equal names may stand for equal texts that refer to unequal ones, so all that it leads to counts. */
function reachable(id: string, definitions: Record<string, JsonSchema>, found = new Set<string>()): Set<string> {
  if (found.has(id)) return found;
  found.add(id);
  for (const other of Object.keys(definitions)) {
    if (JSON.stringify(definitions[id]).includes(`"${DEFS}${other}"`)) reachable(other, definitions, found);
  }
  return found;
}

function withReferences(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => withReferences(item, names));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      if (key !== '$ref' || typeof member !== 'string' || !member.startsWith(DEFS)) {
        return [key, withReferences(member, names)];
      }
      const id = member.slice(DEFS.length);
      return [key, `${COMPONENTS}${names.get(id) ?? id}`];
    }),
  );
}
