import { z } from 'zod';

interface SettingText {
  /** One sentence for whoever runs the service; ends up in `.env.example`. */
  readonly about: string;
  /** Its value is never printed. */
  readonly isSecret?: boolean;
}

/** A variable that has a default, given as the text that one would write into the environment. */
export function setting<Schema extends z.ZodType>(
  schema: Schema,
  text: SettingText & { readonly default: string },
): z.ZodPrefault<Schema> {
  return z.prefault(schema, text.default as z.input<Schema>).meta(metaOf(text));
}

export function optionalSetting<Schema extends z.ZodType>(schema: Schema, text: SettingText): z.ZodOptional<Schema> {
  return z.optional(schema).meta(metaOf(text));
}

export function requiredSetting<Schema extends z.ZodType>(schema: Schema, text: SettingText): Schema {
  return schema.meta(metaOf(text));
}

/** Environment texts: `7101`. */
export const integerText = (least: number, most: number) =>
  z
    .string()
    .regex(/^-?\d{1,15}$/, `must be a whole number from ${least} to ${most}`)
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be a whole number from ${least} to ${most}`);

export const portText = () => integerText(0, 65_535);

/** `a, b` → `['a', 'b']`; the empty text is the empty list. */
export const listText = () =>
  z.string().transform((text): readonly string[] =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );

function metaOf(text: SettingText): { description: string; secret: boolean } {
  return { description: text.about, secret: text.isSecret ?? false };
}
