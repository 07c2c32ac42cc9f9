import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { pulsarConfig, pulsarRules } from './pulsar.config.js';
import { pulsarLogOptions } from './pulsar-options.js';

describe('pulsarConfig', () => {
  it('has a default for everything, and no Pulsar', () => {
    expect(pulsarConfig.parse({}).PULSAR_URL).toBeUndefined();
    expect(pulsarLogOptions(pulsarConfig.parse({}))).toEqual({
      url: '',
      adminUrl: undefined,
      tenant: 'public',
      namespace: 'distributary',
      token: undefined,
      ca: undefined,
      compression: 'lz4',
      maxInFlightBytes: 64 * 2 ** 20,
      maxRecordBytes: 700 * 1024,
      timeoutMs: 15_000,
    });
  });

  it('reads what is given, and shows nobody the token', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'distributary-pulsar-'));
    const file = path.join(folder, 'ca.pem');
    writeFileSync(file, 'whom to trust');
    const config = pulsarConfig.parse({
      PULSAR_URL: 'https://[::1]:8443',
      PULSAR_ADMIN_URL: 'https://admin.example:8443',
      PULSAR_TENANT: 'desk',
      PULSAR_NAMESPACE: 'prices',
      PULSAR_TOKEN: 'not-to-be-seen',
      PULSAR_TLS_CA_FILE: file,
      PULSAR_COMPRESSION: 'zstd',
    });
    expect(pulsarLogOptions(config)).toMatchObject({
      url: 'https://[::1]:8443',
      adminUrl: 'https://admin.example:8443',
      tenant: 'desk',
      namespace: 'prices',
      token: 'not-to-be-seen',
      ca: Buffer.from('whom to trust'),
      compression: 'zstd',
    });
    rmSync(folder, { recursive: true });
    expect(inspect(config)).not.toContain('not-to-be-seen');
  });

  it.each([
    ['PULSAR_URL', 'pulsar://127.0.0.1:6650'],
    ['PULSAR_URL', 'http://user:secret@127.0.0.1:8080'],
    ['PULSAR_URL', 'http://127.0.0.1:8080/admin'],
    ['PULSAR_NAMESPACE', 'a/b'],
    ['PULSAR_COMPRESSION', 'gzip'],
    ['PULSAR_TIMEOUT_MS', '0'],
  ])('refuses %s=%s, and names it', (variable, value) => {
    const outcome = pulsarConfig.safeParse({ [variable]: value });
    expect(outcome.error?.issues.map((issue) => issue.path)).toEqual([[variable]]);
  });

  it.each([
    [{ PULSAR_ADMIN_URL: 'http://127.0.0.1:8080' }, ['PULSAR_ADMIN_URL']],
    [{ PULSAR_TOKEN: 'some', PULSAR_TLS_CA_FILE: 'ca.pem' }, ['PULSAR_TOKEN', 'PULSAR_TLS_CA_FILE']],
    [{ PULSAR_URL: 'http://127.0.0.1:8080', PULSAR_TLS_CA_FILE: 'ca.pem' }, ['PULSAR_TLS_CA_FILE']],
    [{ PULSAR_URL: 'https://127.0.0.1:8443', PULSAR_TLS_CA_FILE: 'ca.pem', PULSAR_TOKEN: 'some' }, []],
    [{}, []],
  ])('is told of %j together what does not fit: %j', (env, names) => {
    const outcome = pulsarConfig.check(pulsarRules).safeParse(env);
    expect((outcome.error?.issues ?? []).map((issue) => issue.path[0])).toEqual(names);
  });

  it('is what docs/architecture.md tells, with the same defaults', () => {
    const text = readFileSync(path.join(import.meta.dirname, '../../../docs/architecture.md'), 'utf8');
    const rows = [...text.matchAll(/^\| `(PULSAR_\w+)` *\| *(?:`([^`]*)`)? *\|/gm)].map(([, name, value]) => [
      name,
      value,
    ]);
    const defaults = pulsarConfig.parse({});
    const settings = Object.keys(pulsarConfig.shape) as (keyof typeof defaults)[];
    expect(rows).toEqual(settings.map((name) => [name, defaults[name]?.toString()]));
  });
});
