import { integerText, setting } from '@distributary/distribution-nest';
import { z } from 'zod';

/** When a durable subscription counts as unhealthy, and how often that is looked at. */
export const subscriptionsConfig = z.object({
  SUBSCRIPTION_LAG_ALERT_MS: setting(integerText(100, 86_400_000), {
    about: 'A durable subscription whose oldest waiting event is older than this raises an alert.',
    default: '60000',
  }),
  SUBSCRIPTION_NO_ACK_ALERT_MS: setting(integerText(100, 86_400_000), {
    about: 'So does one that is received and acknowledges nothing for this long although events wait.',
    default: '60000',
  }),
  SUBSCRIPTION_WATCH_INTERVAL_MS: setting(integerText(100, 3_600_000), {
    about: 'Durable subscriptions are looked at this often.',
    default: '10000',
  }),
});
