import { Secret } from '@distributary/distribution-core';
import { z } from 'zod';
import { setting } from '../../config/setting.js';

const MIN_KEY_LENGTH = 16;
const KEY = /^([A-Za-z0-9][\w.-]{0,99})=(.+)$/;

/** What transformations need that is not theirs to say. */
export const transformationConfig = z.object({
  REDACTION_KEYS: setting(
    z.string().transform((text, context): ReadonlyMap<string, Secret> => {
      const keys = new Map<string, Secret>();
      for (const item of text.split(',').map((part) => part.trim())) {
        if (item === '') continue;
        const [, name, key] = KEY.exec(item) ?? [];
        if (name === undefined || key === undefined || key.length < MIN_KEY_LENGTH) {
          // Not what was given: it may be most of a secret.
          context.addIssue({
            code: 'custom',
            message: `must be name=key, with keys of at least ${MIN_KEY_LENGTH} characters`,
          });
        } else keys.set(name, new Secret(key));
      }
      return keys;
    }),
    {
      about: 'Keys that transformations may name to hash fields with: name=key, separated by commas.',
      default: '',
      isSecret: true,
    },
  ),
});
