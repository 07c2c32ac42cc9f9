import { Secret } from '@distributary/distribution-core';
import { z } from 'zod';
import { optionalSetting, setting } from '../../config/setting.js';
import { EffectiveConfiguration } from './configuration.js';

describe('the effective configuration', () => {
  const schema = z.object({
    SIZE: setting(z.string().transform(Number), { about: 'How big.', default: '3' }),
    DATABASE_URL: optionalSetting(z.string(), { about: 'Where.' }),
    SIGNATURE: optionalSetting(z.string(), { about: 'What.' }),
    SPARE_TOKEN: optionalSetting(z.string(), { about: 'Not set.' }),
  });
  const { view } = new EffectiveConfiguration(schema, {
    SIZE: 7,
    DATABASE_URL: 'postgres://me:hunter2@there/x',
    SIGNATURE: new Secret('hunter2'),
  });

  it('tells what each setting is, and what it would be', () => {
    expect(view.settings[0]).toEqual({ name: 'SIZE', about: 'How big.', value: 7, default: '3', is_secret: false });
  });

  it('tells of secrets only whether they are set', () => {
    expect(JSON.stringify(view)).not.toContain('hunter2');
    expect(view.settings.slice(1).map(({ value, is_secret }) => [value, is_secret])).toEqual([
      ['[secret]', true],
      ['[secret]', true],
      [undefined, true],
    ]);
  });
});
