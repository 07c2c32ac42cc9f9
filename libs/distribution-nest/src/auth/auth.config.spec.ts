import { describeConfig } from '../config/describe-config.js';
import { httpConfig } from '../config/http.config.js';
import { type ConfigurationError, type Environment, loadConfig } from '../config/load-config.js';
import { authConfig, authenticationRules } from './auth.config.js';

const schema = httpConfig.extend(authConfig.shape).check(authenticationRules);

function problemsOf(env: Environment): Record<string, string> {
  try {
    loadConfig(env, schema);
    return {};
  } catch (error) {
    return Object.fromEntries((error as ConfigurationError).problems.map(({ variable, rule }) => [variable, rule]));
  }
}

const SECRET = 'x'.repeat(32);

describe('the settings of authentication', () => {
  it.each(['localhost', '127.0.0.1', '127.0.1.1', '::1'])('let it be off on the loopback address %s', (HOST) => {
    expect(loadConfig({ HOST }, schema)).toMatchObject({ HOST, AUTH: 'off' });
  });

  it.each(['0.0.0.0', '::', '192.168.1.4', 'example.com', '127.0.0.1.evil.com'])('require it on %s', (HOST) => {
    expect(problemsOf({ HOST })).toEqual({ HOST: expect.stringContaining('unless AUTH is required') as string });
    expect(problemsOf({ HOST, AUTH: 'required' })).toEqual({});
  });

  it('are all told of when they are wrong, those of other parts included', () => {
    expect(
      problemsOf({
        HOST: '0.0.0.0',
        AUTH: 'maybe',
        JWT_SECRET: 'short',
        JWKS_URL: 'ftp://keys',
        PORT: 'x',
        JWT_ISSUER: 'me',
      }),
    ).toMatchObject({
      HOST: expect.stringContaining('AUTH') as string,
      AUTH: expect.anything() as string,
      JWT_SECRET: 'must have at least 32 characters',
      JWKS_URL: 'must be an http or https URL',
      PORT: expect.anything() as string,
    });
  });

  it.each<[string, Environment, readonly string[]]>([
    ['keys without authentication', { JWT_SECRET: SECRET }, ['AUTH']],
    [
      'two sources of keys',
      { AUTH: 'required', JWKS_URL: 'https://a/k', JWKS_FILE: 'k', JWT_ISSUER: 'i', JWT_AUDIENCE: 'a' },
      ['JWKS_FILE'],
    ],
    ['an issuer and nothing that it signs with', { AUTH: 'required', JWT_ISSUER: 'i' }, ['JWT_ISSUER']],
    ['public keys for whomever', { AUTH: 'required', JWKS_FILE: 'k' }, ['JWT_ISSUER', 'JWT_AUDIENCE']],
    ['a shared secret by itself', { AUTH: 'required', JWT_SECRET: SECRET }, []],
  ])('know %s', (_name, env, expected) => {
    expect(Object.keys(problemsOf(env)).sort()).toEqual([...expected].sort());
  });

  it('never show the secret', () => {
    const config = loadConfig({ AUTH: 'required', JWT_SECRET: SECRET }, schema);
    expect(JSON.stringify(config)).not.toContain(SECRET);
    expect(config.JWT_SECRET?.reveal()).toBe(SECRET);
    expect(
      describeConfig(schema)
        .filter(({ isSecret }) => isSecret)
        .map(({ name }) => name),
    ).toContain('JWT_SECRET');
  });
});
