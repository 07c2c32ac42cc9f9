import { z } from 'zod';
import { integerText, setting } from './setting.js';

/** How long the promises of durable subscriptions wait for somebody. */
export const guaranteesConfig = z.object({
  OWNERSHIP_TERM_MS: setting(integerText(500, 600_000), {
    about:
      'The owner of a durable subscription that says nothing for this long loses it, in milliseconds; it stops sending at two thirds.',
    default: '9000',
  }),
  ACK_TIMEOUT_MS: setting(integerText(100, 3_600_000), {
    about:
      'What a durable subscription does not acknowledge within this is sent again, unless it asked for another time.',
    default: '30000',
  }),
});
