import { z } from 'zod';
import { describeConfig, envExample, isSecretSetting } from './describe-config.js';
import { httpConfig } from './http.config.js';
import { ConfigurationError, loadConfig } from './load-config.js';
import { integerText, listText, optionalSetting, requiredSetting, setting } from './setting.js';

const schema = z.object({
  SIZE: setting(integerText(1, 9), { about: 'How big.', default: '3' }),
  NAMES: setting(listText(), { about: 'Who.', default: 'a,b' }),
  PLACE: optionalSetting(z.string(), { about: 'Where.' }),
  PIN: requiredSetting(z.string().min(4, 'must have at least 4 characters'), { about: 'Code.', isSecret: true }),
});

function problemsOf(env: Record<string, string | undefined>, of: z.ZodObject = schema): string {
  try {
    loadConfig(env, of);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  return 'none';
}

describe('loadConfig', () => {
  it('parses texts and fills in defaults', () => {
    expect(loadConfig({ PIN: '1234', SIZE: ' 7 ', OTHER: 'x' }, schema)).toEqual({
      SIZE: 7,
      NAMES: ['a', 'b'],
      PIN: '1234',
    });
  });

  it('takes an empty variable for one that is not set', () => {
    expect(loadConfig({ PIN: '1234', SIZE: '', PLACE: '' }, schema)).toMatchObject({ SIZE: 3 });
  });

  it('freezes the result, lists included', () => {
    const config = loadConfig({ PIN: '1234' }, schema);
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.NAMES)).toBe(true);
  });

  it('leaves objects of a class of their own as they are', () => {
    class Wrapped {
      constructor(public text: string) {}
    }
    const config = loadConfig({ A: 'x' }, z.object({ A: z.string().transform((text) => new Wrapped(text)) }));
    expect(Object.isFrozen(config.A)).toBe(false);
  });

  it('lists every problem at once: variable, rule and the given value, but never a secret', () => {
    expect(problemsOf({ SIZE: '12', PIN: '77' })).toBe(
      'The configuration is not valid:\n' +
        '  SIZE: must be a whole number from 1 to 9 (given: "12")\n' +
        '  PIN: must have at least 4 characters',
    );
  });

  it('says that a variable is required when it is missing', () => {
    expect(problemsOf({})).toContain('  PIN: is required');
  });

  it('reports rules over several variables', () => {
    const pair = z.object({ LEAST: integerText(0, 9), MOST: integerText(0, 9) });
    const ordered = pair.refine(({ LEAST, MOST }) => LEAST <= MOST, 'LEAST must not exceed MOST');
    expect(problemsOf({ LEAST: '5', MOST: '2' }, ordered)).toContain('  (all): LEAST must not exceed MOST');
  });
});

describe('describeConfig', () => {
  it('tells the text, default and secrecy of each variable', () => {
    expect(describeConfig(schema)).toEqual([
      { name: 'SIZE', about: 'How big.', default: '3', isRequired: false, isSecret: false },
      { name: 'NAMES', about: 'Who.', default: 'a,b', isRequired: false, isSecret: false },
      { name: 'PLACE', about: 'Where.', default: undefined, isRequired: false, isSecret: false },
      { name: 'PIN', about: 'Code.', default: undefined, isRequired: true, isSecret: true },
    ]);
  });

  it('takes names that sound secret for secret, and understands plain zod', () => {
    const plain = z.object({
      DATABASE_URL: z.string().optional().describe('Where the database is.'),
      TAGS: z.array(z.string()).default(['x', 'y']),
    });
    expect(describeConfig(plain)).toEqual([
      { name: 'DATABASE_URL', about: 'Where the database is.', default: undefined, isRequired: false, isSecret: true },
      { name: 'TAGS', about: '', default: 'x,y', isRequired: false, isSecret: false },
    ]);
    expect(isSecretSetting(plain, 'DATABASE_URL')).toBe(true);
    expect(isSecretSetting(plain, 'TAGS')).toBe(false);
  });

  it('writes an example file that holds each variable with its default', () => {
    expect(envExample(schema)).toBe(
      '# How big.\n# SIZE=3\n\n# Who.\n# NAMES=a,b\n\n# Where.\n# PLACE=\n\n# Code.\nPIN=\n',
    );
  });
});

describe('httpConfig', () => {
  it('listens on loopback by default', () => {
    expect(loadConfig({}, httpConfig)).toEqual({
      HOST: '127.0.0.1',
      PORT: 7101,
      GRPC_PORT: 7201,
      ALLOWED_HOSTS: [],
      ALLOWED_ORIGINS: [],
      LOG_LEVEL: 'info',
      WEBSOCKET_DEFLATE: 'off',
      MAX_BODY_BYTES: 4_194_304,
      HEALTH_CHECK_TIMEOUT_MS: 1_000,
      DRAIN_TIMEOUT_MS: 10_000,
    });
  });

  it('refuses origins that are not origins', () => {
    expect(problemsOf({ ALLOWED_ORIGINS: 'https://a.example/path' }, httpConfig)).toContain('must be origins');
    expect(problemsOf({ ALLOWED_ORIGINS: 'nonsense' }, httpConfig)).toContain('must be origins');
    expect(loadConfig({ ALLOWED_ORIGINS: 'https://a.example, http://b:81' }, httpConfig).ALLOWED_ORIGINS).toEqual([
      'https://a.example',
      'http://b:81',
    ]);
  });
});
