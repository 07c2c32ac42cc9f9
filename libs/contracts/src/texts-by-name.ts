import { z } from 'zod';

export interface TextLengths {
  readonly maxName?: number;
  readonly maxText?: number;
}

/** Texts by their names. Only the first that is wrong is told: of a record zod would look at all, however many they are. */
export function textsByName({ maxName = Infinity, maxText = Infinity }: TextLengths = {}) {
  const described = {
    additionalProperties: { type: 'string', ...(maxText < Infinity && { maxLength: maxText }) },
    ...(maxName < Infinity && { propertyNames: { type: 'string', maxLength: maxName } }),
  };
  const texts = z.record(z.string(), z.unknown()).superRefine((given, context) => {
    for (const name of Object.keys(given)) {
      const rule = ruleFor(name, given[name]);
      if (rule === undefined) continue;
      context.addIssue({ code: 'custom', path: [name.slice(0, SHOWN_OF_A_NAME)], message: rule });
      break;
    }
  });
  const ruleFor = (name: string, text: unknown): string | undefined => {
    if (name.length > maxName) return `must have a name of at most ${maxName} characters`;
    if (typeof text !== 'string') return 'must be a text';
    return text.length > maxText ? `must have at most ${maxText} characters` : undefined;
  };
  return texts.meta(described) as unknown as z.ZodRecord<z.ZodString, z.ZodString>;
}

/** A name of megabytes is no path that anybody reads. */
const SHOWN_OF_A_NAME = 100;
