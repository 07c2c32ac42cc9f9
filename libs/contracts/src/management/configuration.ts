import { z } from 'zod';

export const settingViewSchema = z
  .object({
    name: z.string(),
    about: z.string(),
    /** What it is now; of a secret only whether it is set. Absent: not set. */
    value: z.unknown().optional(),
    default: z.string().optional(),
    is_secret: z.boolean(),
  })
  .meta({ id: 'Setting' });

/** `GET config`. */
export const configurationSchema = z.object({ settings: z.array(settingViewSchema) }).meta({ id: 'Configuration' });

export type ConfigurationView = z.infer<typeof configurationSchema>;
