import { z } from 'zod';

export interface SettingDescription {
  readonly name: string;
  readonly about: string;
  /** As environment text; undefined = there is none. */
  readonly default: string | undefined;
  readonly isRequired: boolean;
  readonly isSecret: boolean;
}

/** Names that hold secrets whatever their schema says, a URL with a password in it included. */
const SECRET_NAME = /(SECRET|PASSWORD|PASSPHRASE|TOKEN|CREDENTIALS|_KEY|_URL)$/;

/** What a configuration schema offers, in the order of its declaration. Works with any zod object. */
export function describeConfig(schema: z.ZodObject): readonly SettingDescription[] {
  return Object.entries(schema.shape).map(([name, setting]) => describe(name, setting as z.ZodType));
}

export function isSecretSetting(schema: z.ZodObject, name: string): boolean {
  return describeConfig(schema).some((setting) => setting.name === name && setting.isSecret);
}

/** The text of `.env.example`; a test of each app compares it with the file. */
export function envExample(schema: z.ZodObject): string {
  const blocks = describeConfig(schema).map(({ name, about, default: value, isRequired }) => {
    const line = isRequired ? `${name}=` : `# ${name}=${value ?? ''}`;
    return `${about === '' ? '' : `# ${about}\n`}${line}\n`;
  });
  return blocks.join('\n');
}

function describe(name: string, schema: z.ZodType): SettingDescription {
  let about = '';
  let isSecret = SECRET_NAME.test(name);
  let isRequired = true;
  let fallback: unknown;
  for (let inner: z.ZodType | undefined = schema; inner !== undefined; inner = unwrapped(inner)) {
    const meta = inner.meta();
    about ||= meta?.description ?? '';
    isSecret ||= meta?.secret === true;
    if (inner instanceof z.ZodOptional) isRequired = false;
    if (inner instanceof z.ZodPrefault || inner instanceof z.ZodDefault) {
      isRequired = false;
      fallback ??= inner.def.defaultValue;
    }
  }
  return { name, about, default: asText(fallback), isRequired, isSecret };
}

function unwrapped(schema: z.ZodType): z.ZodType | undefined {
  if (schema instanceof z.ZodPipe) return schema.def.in as z.ZodType;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault) {
    return schema.def.innerType as z.ZodType;
  }
  return undefined;
}

function asText(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return Array.isArray(value) ? value.join(',') : String(value);
}
