import { Secret } from '@distributary/distribution-core';
import { z } from 'zod';

const text = z.string().min(1);
const count = (most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a number')
    .transform(Number)
    .refine((number) => number > 0 && number <= most, `must be from 1 to ${most}`);
/** Pulsar's own rule for both. */
const name = z.string().regex(/^[A-Za-z0-9._=:-]{1,64}$/, 'must be 1 to 64 of A-Z a-z 0-9 . _ = : -');
const url = text.refine(
  (value) => URL.canParse(value) && /^https?:\/\/[^/?#@]+\/?$/.test(value),
  'must be http://host:port or https://host:port',
);

/** What the Pulsar adapter reads from the environment; an app joins it with the fragments of its other parts. */
export const pulsarConfig = z.object({
  PULSAR_URL: url.optional().meta({
    description: 'Web service of Pulsar with the WebSocket API, http(s)://host:port. Not set: the embedded log.',
  }),
  PULSAR_ADMIN_URL: url.optional().meta({
    description:
      'Of its admin API, where that is another server than the one of its WebSocket API. Not set: PULSAR_URL.',
  }),
  PULSAR_TENANT: name.default('public').meta({ description: 'Whose namespace it is; must be there.' }),
  PULSAR_NAMESPACE: name.default('distributary').meta({
    description: 'Where all topics lie; made if it is not there. A space of its own for each installation.',
  }),
  PULSAR_TOKEN: text
    .transform((value) => new Secret(value))
    .optional()
    .meta({ description: 'By which to be let in (a JSON Web Token); empty: without.', secret: true }),
  PULSAR_TLS_CA_FILE: text.optional().meta({ description: 'Whom to trust, PEM; empty: whom Node trusts.' }),
  PULSAR_COMPRESSION: z.enum(['none', 'lz4', 'zlib', 'zstd', 'snappy']).default('lz4').meta({
    description: 'How Pulsar packs events.',
  }),
  PULSAR_MAX_IN_FLIGHT_BYTES: count(999_999_999).prefault('67108864').meta({
    description: 'Bytes that may wait to be written before producers are told to come back later.',
  }),
  PULSAR_MAX_EVENT_BYTES: count(99_999_999).prefault('716800').meta({
    description:
      "The largest event, in bytes; three quarters of the broker's webSocketMaxTextFrameSize (1 MiB unless it is set) have room.",
  }),
  PULSAR_TIMEOUT_MS: count(600_000).prefault('15000').meta({
    description: 'How long a call is tried before it fails with broker.unavailable, in milliseconds.',
  }),
});

export type PulsarConfig = z.infer<typeof pulsarConfig>;

/** What settings ask of each other. Also looked at when other settings are wrong, so that all problems are told at once. */
export const pulsarRules = z.check<object>(({ value, issues }) => {
  for (const [name, message] of problemsOf(value)) issues.push({ code: 'custom', path: [name], message, input: value });
});
pulsarRules._zod.def.when = () => true;

function problemsOf(settings: Partial<PulsarConfig>): [name: keyof PulsarConfig, message: string][] {
  const { PULSAR_URL: web, PULSAR_ADMIN_URL: admin } = settings;
  const problems: [keyof PulsarConfig, string][] = [];
  for (const name of ['PULSAR_ADMIN_URL', 'PULSAR_TOKEN', 'PULSAR_TLS_CA_FILE'] as const) {
    if (web === undefined && settings[name] !== undefined) problems.push([name, 'must not be set without PULSAR_URL']);
  }
  const isEncrypted = [web, admin].some((each) => each?.startsWith('https:'));
  if (web !== undefined && settings.PULSAR_TLS_CA_FILE !== undefined && !isEncrypted) {
    problems.push(['PULSAR_TLS_CA_FILE', 'is read only with an https: URL']);
  }
  return problems;
}
