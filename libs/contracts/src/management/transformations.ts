import { z } from 'zod';

export const transformationNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/, 'must be 1 to 100 letters, digits, "_", "-" or "."');

/** Its steps are checked when it is compiled, so that every problem has its path. */
export const transformationDefinitionSchema = z
  .strictObject({
    steps: z
      .array(z.record(z.string(), z.unknown()))
      .max(32)
      .describe('One after another; each an object of one field'),
    on_error: z
      .enum(['drop', 'dead_letter', 'pass'])
      .optional()
      .describe('What becomes of an event that a step does not suit'),
    format: z.enum(['plain', 'cloudevents', 'avro']).optional(),
    subject: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .describe('Of avro: the subject of the schema registry whose newest schema events are written by'),
  })
  .meta({ id: 'TransformationDefinition' });

/** `POST transformations`. */
export const newTransformationSchema = z
  .strictObject({ name: transformationNameSchema, definition: transformationDefinitionSchema })
  .meta({ id: 'NewTransformation' });

/** `PUT transformations/{name}`. */
export const transformationChangeSchema = z
  .strictObject({ definition: transformationDefinitionSchema })
  .meta({ id: 'TransformationChange' });

export const transformationSchema = z
  .object({
    name: z.string(),
    definition: transformationDefinitionSchema,
    created_at: z.string(),
    changed_at: z.string(),
  })
  .meta({ id: 'Transformation' });

/** `POST transformations/test`. */
export const transformationTestSchema = z
  .strictObject({
    transformation: z
      .union([transformationNameSchema, transformationDefinitionSchema])
      .describe('The name of one, or a definition'),
    event: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'TransformationTest' });

export const transformationTestResultSchema = z
  .object({
    outcome: z.enum(['event', 'passed', 'drop', 'dead_letter', 'reject']),
    /** What goes out: of `event`, and as it was of `passed`. */
    event: z.unknown().optional(),
    attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
    failure: z
      .object({
        reason: z.string(),
        message: z.string(),
        problems: z.array(z.object({ path: z.string(), rule: z.string() })),
      })
      .optional(),
    cost: z.object({
      steps: z.int(),
      max_steps: z.int(),
      input_bytes: z.int(),
      output_bytes: z.int().optional(),
    }),
  })
  .meta({ id: 'TransformationTestResult' });

export const MAX_LOOKUP_ROWS = 10_000;

/** `PUT lookup-tables/{name}`: the whole table. */
export const lookupRowsSchema = z
  .strictObject({ rows: z.record(z.string().min(1).max(256), z.unknown()) })
  .meta({ id: 'LookupRows' });

export const lookupTableSchema = z
  .object({ name: z.string(), rows: z.record(z.string(), z.unknown()), changed_at: z.string() })
  .meta({ id: 'LookupTable' });

export const lookupSummarySchema = z
  .object({ name: z.string(), row_count: z.int(), changed_at: z.string() })
  .meta({ id: 'LookupSummary' });

export type TransformationView = z.output<typeof transformationSchema>;
export type TransformationTestResult = z.output<typeof transformationTestResultSchema>;
export type LookupTableView = z.output<typeof lookupTableSchema>;
export type LookupSummaryView = z.output<typeof lookupSummarySchema>;
