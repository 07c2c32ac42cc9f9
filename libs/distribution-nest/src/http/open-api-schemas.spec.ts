import { z } from 'zod';
import { OpenApiSchemas } from './open-api-schemas.js';

describe('the schemas of the documents', () => {
  it('are in place, unless they have a name', () => {
    const schemas = new OpenApiSchemas();
    const named = z.object({ a: z.string() }).meta({ id: 'Named' });
    expect(schemas.schemaOf(z.object({ one: named, some: z.array(named) }), 'output')).toMatchObject({
      properties: {
        one: { $ref: '#/components/schemas/Named' },
        some: { items: { $ref: '#/components/schemas/Named' } },
      },
    });
    expect(Object.keys(schemas.components)).toEqual(['Named']);
    expect(schemas.schemaOf(named, 'output')).toEqual({ $ref: '#/components/schemas/Named' });
    expect(JSON.stringify(schemas.components)).not.toContain('$schema');
  });

  it('have another name where they look different as input', () => {
    const schemas = new OpenApiSchemas();
    const inner = z.object({ a: z.string().default('x') }).meta({ id: 'Inner' });
    const outer = z.object({ inner }).meta({ id: 'Outer' });
    expect(schemas.schemaOf(outer, 'output')).toEqual({ $ref: '#/components/schemas/Outer' });
    expect(schemas.schemaOf(outer, 'input')).toEqual({ $ref: '#/components/schemas/OuterInput' });
    expect(schemas.components.OuterInput).toMatchObject({
      properties: { inner: { $ref: '#/components/schemas/InnerInput' } },
    });
    expect(schemas.components.Inner).toMatchObject({ required: ['a'] });
    expect(schemas.components.InnerInput).not.toHaveProperty('required');
    const reversed = new OpenApiSchemas();
    reversed.schemaOf(inner, 'input');
    expect(reversed.schemaOf(inner, 'output')).toEqual({ $ref: '#/components/schemas/InnerOutput' });
  });

  it('may lead to themselves', () => {
    interface Tree {
      readonly children?: readonly Tree[] | undefined;
    }
    const tree: z.ZodType<Tree> = z.lazy(() => z.object({ children: z.array(tree).optional() })).meta({ id: 'Tree' });
    const schemas = new OpenApiSchemas();
    schemas.schemaOf(z.object({ tree }), 'output');
    expect(JSON.stringify(schemas.components.Tree)).toContain('"$ref":"#/components/schemas/Tree"');
  });
});
