import { inspect } from 'node:util';
import { registryAddress, schemaRegistryConfig, schemaRegistryRules } from './schema-registry.config.js';

const config = schemaRegistryConfig.check(schemaRegistryRules);
const problemsOf = (settings: Readonly<Record<string, string>>) =>
  config.safeParse(settings).error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`);

describe('the settings of the schema registry', () => {
  it('are none by default, and then there is no registry', () => {
    expect(registryAddress(config.parse({}))).toBeUndefined();
  });

  it('hide the password', () => {
    const settings = {
      SCHEMA_REGISTRY_URL: 'http://127.0.0.1:8081',
      SCHEMA_REGISTRY_USER: 'reader',
      SCHEMA_REGISTRY_PASSWORD: 'pass-word',
    };
    const address = registryAddress(config.parse(settings));
    expect(address).toMatchObject({ url: 'http://127.0.0.1:8081', user: 'reader' });
    expect(address?.password?.reveal()).toBe('pass-word');
    expect(inspect(address)).not.toContain('pass-word');
  });

  it.each<[Readonly<Record<string, string>>, readonly string[]]>([
    [
      { SCHEMA_REGISTRY_URL: 'http://user:pass@registry' },
      ['SCHEMA_REGISTRY_URL must be a URL such as https://host/apis/ccompat/v7, without a user'],
    ],
    [
      { SCHEMA_REGISTRY_URL: 'https://registry', SCHEMA_REGISTRY_USER: 'a' },
      ['SCHEMA_REGISTRY_PASSWORD must be set, because SCHEMA_REGISTRY_USER is'],
    ],
    [
      { SCHEMA_REGISTRY_URL: 'https://registry', SCHEMA_REGISTRY_KEY_FILE: 'key.pem' },
      ['SCHEMA_REGISTRY_CERT_FILE must be set, because SCHEMA_REGISTRY_KEY_FILE is'],
    ],
    [{ SCHEMA_REGISTRY_CA_FILE: 'ca.pem' }, ['SCHEMA_REGISTRY_CA_FILE must not be set without SCHEMA_REGISTRY_URL']],
  ])('are refused with every problem: %j', (settings, problems) => {
    expect(problemsOf(settings)).toEqual(problems);
  });
});
