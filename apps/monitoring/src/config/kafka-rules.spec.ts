import { type ConfigurationError, loadConfig } from '@distributary/distribution-nest';
import { monitoringConfig } from './monitoring.config.js';

const variablesOf = (env: Readonly<Record<string, string>>): string[] => {
  try {
    loadConfig(env, monitoringConfig);
    return [];
  } catch (error) {
    return (error as ConfigurationError).problems.map(({ variable }) => variable);
  }
};

describe('the settings of Kafka', () => {
  it.each<[string, Readonly<Record<string, string>>, string[]]>([
    ['brokers alone', { KAFKA_BROKERS: 'a:9092,b:9092' }, []],
    ['brokers that are no addresses', { KAFKA_BROKERS: 'a b' }, ['KAFKA_BROKERS']],
    [
      'a login without who it is',
      { KAFKA_BROKERS: 'a:9092', KAFKA_SASL_MECHANISM: 'PLAIN' },
      ['KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'],
    ],
    ['a password without a way to log in', { KAFKA_SASL_PASSWORD: 'x' }, ['KAFKA_SASL_MECHANISM']],
    [
      'a login',
      { KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512', KAFKA_SASL_USERNAME: 'u', KAFKA_SASL_PASSWORD: 'p', KAFKA_TLS: 'true' },
      [],
    ],
    ['a certificate authority that nobody asks', { KAFKA_TLS_CA_FILE: 'ca.pem' }, ['KAFKA_TLS_CA_FILE']],
    ['a certificate without its key', { KAFKA_TLS: 'true', KAFKA_TLS_CERT_FILE: 'c.pem' }, ['KAFKA_TLS_KEY_FILE']],
    ['a key without its certificate', { KAFKA_TLS: 'true', KAFKA_TLS_KEY_FILE: 'k.pem' }, ['KAFKA_TLS_CERT_FILE']],
    [
      'several things at once, others beside them',
      { PORT: 'x', KAFKA_BROKERS: ':', KAFKA_SASL_PASSWORD: 'p', ROLES: 'worker', PROCESSES: '2' },
      ['PORT', 'PROCESSES', 'KAFKA_BROKERS', 'KAFKA_SASL_MECHANISM'],
    ],
  ])('%s', (_what, env, expected) => {
    expect(variablesOf(env).sort()).toEqual([...expected].sort());
  });

  it('never show the password', () => {
    const { KAFKA_SASL_PASSWORD } = loadConfig(
      { KAFKA_SASL_MECHANISM: 'PLAIN', KAFKA_SASL_USERNAME: 'u', KAFKA_SASL_PASSWORD: 'hunter2' },
      monitoringConfig,
    );
    expect(JSON.stringify({ KAFKA_SASL_PASSWORD })).not.toContain('hunter2');
  });
});
