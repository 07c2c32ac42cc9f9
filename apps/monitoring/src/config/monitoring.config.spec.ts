import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describeConfig, envExample, loadConfig } from '@distributary/distribution-nest';
import { monitoringConfig } from './monitoring.config.js';

describe('the settings of the service', () => {
  it('all have a sentence for whoever runs it', () => {
    const silent = describeConfig(monitoringConfig).filter(({ about }) => about === '');
    expect(silent.map(({ name }) => name)).toEqual([]);
  });

  it('all have a default, so that it starts without any of them', () => {
    expect(describeConfig(monitoringConfig).filter(({ isRequired }) => isRequired)).toEqual([]);
    expect(loadConfig({}, monitoringConfig)).toMatchObject({
      HOST: '127.0.0.1',
      PORT: 7101,
      GRPC_PORT: 7201,
      EMBEDDED_MAX_SIZE: 256 * 2 ** 30,
    });
  });

  it('are those of .env.example, which is what envExample(monitoringConfig) says', () => {
    const file = path.join(import.meta.dirname, '../../../../.env.example');
    expect(readFileSync(file, 'utf8')).toBe(envExample(monitoringConfig));
  });

  it('can be pasted from .env.example with the defaults as they are', () => {
    const lines = envExample(monitoringConfig).matchAll(/^# ([A-Z0-9_]+)=(.*)$/gm);
    const env = Object.fromEntries([...lines].map(([, name, value]) => [name, value]));
    expect(Object.keys(env).sort()).toEqual(Object.keys(monitoringConfig.shape).sort());
    expect(loadConfig(env, monitoringConfig)).toEqual(loadConfig({}, monitoringConfig));
  });
});
