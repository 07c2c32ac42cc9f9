import { embeddedConfig, embeddedLogOptions } from './embedded.config.js';

describe('embeddedConfig', () => {
  it('has a default for everything', () => {
    expect(embeddedLogOptions(embeddedConfig.parse({}))).toEqual({
      directory: '.data/log',
      sync: 'fsync',
      mapSizeBytes: 256 * 2 ** 30,
      maxInFlightBytes: 64 * 2 ** 20,
      maxRecordBytes: 2 ** 20,
      retentionCheckMs: 5000,
    });
  });

  it('reads sizes with and without a unit', () => {
    const config = embeddedConfig.parse({
      EMBEDDED_MAX_SIZE: '2GiB',
      EMBEDDED_MAX_EVENT: '4096',
      EMBEDDED_SYNC: 'commit',
    });
    expect(config).toMatchObject({ EMBEDDED_MAX_SIZE: 2 ** 31, EMBEDDED_MAX_EVENT: 4096, EMBEDDED_SYNC: 'commit' });
  });

  it.each([
    ['EMBEDDED_DIR', ''],
    ['EMBEDDED_SYNC', 'sometimes'],
    ['EMBEDDED_MAX_SIZE', '2 GiB'],
    ['EMBEDDED_MAX_SIZE', '0'],
    ['EMBEDDED_MAX_IN_FLIGHT', 'much'],
    ['EMBEDDED_RETENTION_CHECK_MS', '-1'],
    ['EMBEDDED_RETENTION_CHECK_MS', '0'],
  ])('refuses %s=%s', (name, value) => {
    const result = embeddedConfig.safeParse({ [name]: value });
    expect(result.error?.issues.map((issue) => issue.path[0])).toContain(name);
  });
});
