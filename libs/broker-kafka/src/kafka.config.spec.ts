import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { kafkaConfig } from './kafka.config.js';
import { kafkaLogOptions, securityOf } from './kafka-options.js';

describe('kafkaConfig', () => {
  it('has a default for everything, and no brokers', () => {
    expect(kafkaConfig.parse({}).KAFKA_BROKERS).toBeUndefined();
    expect(kafkaLogOptions(kafkaConfig.parse({}))).toEqual({
      brokers: [],
      clientId: 'distributary',
      prefix: '',
      instance: undefined,
      replicationFactor: -1,
      minInsyncReplicas: undefined,
      compression: 'none',
      maxInFlightBytes: 64 * 2 ** 20,
      maxRecordBytes: 2 ** 20,
      timeoutMs: 15_000,
      security: {},
    });
  });

  it('reads what is given', () => {
    const config = kafkaConfig.parse({
      KAFKA_BROKERS: 'a:9092, [::1]:9093,c',
      KAFKA_REPLICATION_FACTOR: '3',
      KAFKA_MIN_INSYNC_REPLICAS: '2',
      KAFKA_COMPRESSION: 'lz4',
      KAFKA_INSTANCE: 'monitoring-0',
    });
    expect(kafkaLogOptions(config)).toMatchObject({
      brokers: ['a:9092', '[::1]:9093', 'c'],
      replicationFactor: 3,
      minInsyncReplicas: 2,
      compression: 'lz4',
      instance: 'monitoring-0',
    });
  });

  it.each([
    ['KAFKA_BROKERS', ','],
    ['KAFKA_BROKERS', 'http://a:9092'],
    ['KAFKA_TOPIC_PREFIX', 'a/b'],
    ['KAFKA_REPLICATION_FACTOR', '0'],
    ['KAFKA_MIN_INSYNC_REPLICAS', 'two'],
    ['KAFKA_COMPRESSION', 'brotli'],
    ['KAFKA_TIMEOUT_MS', '0'],
    ['KAFKA_SASL_MECHANISM', 'GSSAPI'],
    ['KAFKA_TLS', 'yes'],
  ])('refuses %s=%s', (name, value) => {
    const result = kafkaConfig.safeParse({ [name]: value });
    expect(result.error?.issues.map((issue) => issue.path[0])).toContain(name);
  });

  it('never shows the password', () => {
    const login = { KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512', KAFKA_SASL_USERNAME: 'me', KAFKA_SASL_PASSWORD: 'hidden' };
    const config = kafkaConfig.parse(login);
    expect(inspect(config) + JSON.stringify(config)).not.toContain('hidden');
    expect(securityOf(config)).toEqual({ sasl: { mechanism: 'SCRAM-SHA-512', username: 'me', password: 'hidden' } });
  });

  it('reads the files of TLS', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'kafka-config-'));
    const ca = path.join(folder, 'ca.pem');
    writeFileSync(ca, 'whom to trust');
    const { tls } = securityOf(kafkaConfig.parse({ KAFKA_TLS: 'true', KAFKA_TLS_CA_FILE: ca }));
    expect(tls?.ca?.toString()).toBe('whom to trust');
    rmSync(folder, { recursive: true });
    expect(() => securityOf(kafkaConfig.parse({ KAFKA_TLS: 'true', KAFKA_TLS_CA_FILE: ca }))).toThrow('ENOENT');
  });
});
