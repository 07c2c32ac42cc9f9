import { Secret } from '@distributary/distribution-core';
import { z } from 'zod';
import { optionalSetting, setting } from '../config/setting.js';

const MIN_JWT_SECRET_LENGTH = 32;

/** Who may call. Join the shape with the other parts', and `requireAuthentication` with the whole. */
export const authConfig = z.object({
  AUTH: setting(z.enum(['off', 'required']), {
    about: 'off: whoever reaches the service may do everything. required: API keys and, if configured, JWTs.',
    default: 'off',
  }),
  AUTH_KEY_FILE: optionalSetting(z.string().min(1), {
    about:
      'File with an API key that may do everything in the default tenant; made, for its owner only, if it is not there.',
  }),
  JWT_SECRET: optionalSetting(
    z
      .string()
      .min(MIN_JWT_SECRET_LENGTH, `must have at least ${MIN_JWT_SECRET_LENGTH} characters`)
      .transform((text) => new Secret(text)),
    { about: 'Secret of JWTs that are signed with HS256.', isSecret: true },
  ),
  JWKS_URL: optionalSetting(z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }), {
    about: 'Where the public keys of JWTs are (RS256, PS256, ES256, EdDSA).',
  }),
  JWKS_FILE: optionalSetting(z.string().min(1), { about: 'The same keys in a file.' }),
  JWT_ISSUER: optionalSetting(z.string().min(1), { about: 'The iss that JWTs must have.' }),
  JWT_AUDIENCE: optionalSetting(z.string().min(1), { about: 'The aud that JWTs must have.' }),
});

export type AuthConfig = Readonly<z.output<typeof authConfig>>;

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/;

/**
 * What the settings must be together: `.check(authenticationRules)` on the whole configuration. Looks at whatever settings
 * are valid by themselves, so that all problems are told at once.
 */
export const authenticationRules = z.check<object>(({ value, issues }) => {
  for (const [name, message] of problemsOf(value)) issues.push({ code: 'custom', path: [name], message, input: value });
});
// Otherwise one wrong setting would keep these from being looked at.
authenticationRules._zod.def.when = () => true;

function problemsOf(settings: Partial<AuthConfig & { readonly HOST: string }>): [name: string, message: string][] {
  const { HOST, AUTH, JWT_SECRET, JWKS_URL, JWKS_FILE, JWT_ISSUER, JWT_AUDIENCE } = settings;
  const problems: [string, string][] = [];
  if (HOST !== undefined && !LOOPBACK.test(HOST) && AUTH !== 'required') {
    problems.push(['HOST', 'must be a loopback address such as 127.0.0.1 unless AUTH is required']);
  }
  if (JWKS_URL !== undefined && JWKS_FILE !== undefined) {
    problems.push(['JWKS_FILE', 'must not be given together with JWKS_URL']);
  }
  const hasKeySet = JWKS_URL !== undefined || JWKS_FILE !== undefined;
  if ((JWT_SECRET !== undefined || hasKeySet) && AUTH === 'off') {
    problems.push(['AUTH', 'must be required if keys of JWTs are given']);
  }
  for (const [name, value] of Object.entries({ JWT_ISSUER, JWT_AUDIENCE })) {
    if (value !== undefined && JWT_SECRET === undefined && !hasKeySet) {
      problems.push([name, 'must come with JWT_SECRET, JWKS_URL or JWKS_FILE']);
    }
    // Keys of an identity provider sign for everybody there: without these, a token for any other program would do.
    if (value === undefined && hasKeySet) problems.push([name, 'is required with JWKS_URL or JWKS_FILE']);
  }
  return problems;
}
