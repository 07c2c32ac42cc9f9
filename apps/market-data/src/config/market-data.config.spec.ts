import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type ConfigurationError, describeConfig, envExample, loadConfig } from '@distributary/distribution-nest';
import { marketDataConfig } from './market-data.config.js';

describe('the settings of the service', () => {
  it('all have a sentence and a default', () => {
    const settings = describeConfig(marketDataConfig);
    expect(settings.filter(({ about, isRequired }) => about === '' || isRequired)).toEqual([]);
    expect(loadConfig({}, marketDataConfig)).toMatchObject({ PORT: 7102, GRPC_PORT: 7202, DEMO_TICKS_PER_SECOND: 0 });
  });

  it('are those of its .env.example, which is what envExample(marketDataConfig) says', () => {
    const file = path.join(import.meta.dirname, '../../.env.example');
    expect(readFileSync(file, 'utf8')).toBe(envExample(marketDataConfig));
  });

  it('are refused together, those of Pulsar among them', () => {
    expect(() =>
      loadConfig({ PULSAR_URL: 'ftp://x', PORT: 'y', PULSAR_ADMIN_URL: 'http://a:1' }, marketDataConfig),
    ).toThrow(
      expect.objectContaining<Partial<ConfigurationError>>({
        problems: expect.arrayContaining([
          expect.objectContaining({ variable: 'PULSAR_URL' }),
          expect.objectContaining({ variable: 'PORT' }),
        ]) as ConfigurationError['problems'],
      }),
    );
  });
});
