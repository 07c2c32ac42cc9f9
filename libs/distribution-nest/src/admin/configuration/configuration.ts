import type { ConfigurationView } from '@distributary/contracts';
import { Secret } from '@distributary/distribution-core';
import type { z } from 'zod';
import { describeConfig } from '../../config/describe-config.js';

const HIDDEN = '[secret]';

/** The settings that the service runs with, in the order of `.env.example`. Made once: they never change while it runs. */
export class EffectiveConfiguration {
  readonly view: ConfigurationView;

  constructor(schema: z.ZodObject, config: Readonly<Record<string, unknown>>) {
    this.view = {
      settings: describeConfig(schema).map(({ name, about, default: fallback, isSecret }) => {
        const value = config[name];
        const isHidden = isSecret || value instanceof Secret;
        return {
          name,
          about,
          ...(value !== undefined && { value: isHidden ? HIDDEN : plain(value) }),
          ...(fallback !== undefined && !isHidden && { default: fallback }),
          is_secret: isHidden,
        };
      }),
    };
  }
}

/** What JSON makes of it; secrets within hide themselves. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;
