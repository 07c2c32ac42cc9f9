import { readFileSync } from 'node:fs';
import { Secret } from '@distributary/distribution-core';
import { z } from 'zod';
import type { RegistryAddress } from './registry-client.js';

const file = z.string().min(1).optional();

/** What the schema registry reads from the environment; an app joins it with the fragments of its other parts. */
export const schemaRegistryConfig = z.object({
  SCHEMA_REGISTRY_URL: z
    .string()
    .regex(/^https?:\/\/[^\s@]+$/, 'must be a URL such as https://host/apis/ccompat/v7, without a user')
    .optional()
    .meta({ description: 'Schema registry with the REST API of Confluent. Not set: no Avro, in or out.' }),
  SCHEMA_REGISTRY_USER: z
    .string()
    .regex(/^[^:]+$/, 'must not have a colon')
    .optional()
    .meta({ description: 'Who we are to the schema registry, if it asks.' }),
  SCHEMA_REGISTRY_PASSWORD: z
    .string()
    .min(1)
    .transform((password) => new Secret(password))
    .optional()
    .meta({ description: 'Password of SCHEMA_REGISTRY_USER.', secret: true }),
  SCHEMA_REGISTRY_CA_FILE: file.meta({
    description:
      'Certificates in PEM, one of which issued that of the schema registry. Not set: those that Node knows.',
  }),
  SCHEMA_REGISTRY_CERT_FILE: file.meta({ description: 'Our certificate for the schema registry, in PEM.' }),
  SCHEMA_REGISTRY_KEY_FILE: file.meta({ description: 'Private key of SCHEMA_REGISTRY_CERT_FILE, in PEM.' }),
});

export type SchemaRegistryConfig = Readonly<z.output<typeof schemaRegistryConfig>>;

/** What settings ask of each other. Also looked at when other settings are wrong, so that all problems are told at once. */
export const schemaRegistryRules = z.check<object>(({ value, issues }) => {
  for (const [name, message] of problemsOf(value)) issues.push({ code: 'custom', path: [name], message, input: value });
});
schemaRegistryRules._zod.def.when = () => true;

type Variable = keyof typeof schemaRegistryConfig.shape;

const PAIRS: readonly (readonly [Variable, Variable])[] = [
  ['SCHEMA_REGISTRY_USER', 'SCHEMA_REGISTRY_PASSWORD'],
  ['SCHEMA_REGISTRY_CERT_FILE', 'SCHEMA_REGISTRY_KEY_FILE'],
];

function problemsOf(settings: Partial<Record<Variable, unknown>>): [name: Variable, message: string][] {
  const problems: [Variable, string][] = [];
  for (const [first, second] of PAIRS) {
    if ((settings[first] === undefined) === (settings[second] === undefined)) continue;
    const [missing, given] = settings[first] === undefined ? [first, second] : [second, first];
    problems.push([missing, `must be set, because ${given} is`]);
  }
  if (settings.SCHEMA_REGISTRY_URL === undefined) {
    for (const variable of Object.keys(schemaRegistryConfig.shape) as Variable[]) {
      if (settings[variable] !== undefined) problems.push([variable, 'must not be set without SCHEMA_REGISTRY_URL']);
    }
  }
  return problems;
}

/** Undefined: there is no registry. Reads the files; what cannot be read throws. */
export function registryAddress(config: SchemaRegistryConfig): RegistryAddress | undefined {
  if (config.SCHEMA_REGISTRY_URL === undefined) return undefined;
  const textOf = (path: string | undefined) => (path === undefined ? undefined : readFileSync(path, 'utf8'));
  const privateKey = textOf(config.SCHEMA_REGISTRY_KEY_FILE);
  return {
    url: config.SCHEMA_REGISTRY_URL,
    user: config.SCHEMA_REGISTRY_USER,
    password: config.SCHEMA_REGISTRY_PASSWORD,
    ca: textOf(config.SCHEMA_REGISTRY_CA_FILE),
    certificate: textOf(config.SCHEMA_REGISTRY_CERT_FILE),
    privateKey: privateKey === undefined ? undefined : new Secret(privateKey),
  };
}
