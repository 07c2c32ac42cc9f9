import { integerText, setting } from '@distributary/distribution-nest';
import { z } from 'zod';

export const statisticsConfig = z.object({
  STATISTICS_INTERVAL_MS: setting(integerText(1_000, 3_600_000), {
    about: 'Each row of distribution_stats and distribution_metrics_ts is about this long, in milliseconds.',
    default: '10000',
  }),
  RECEIPT_SAMPLE_PPM: setting(integerText(0, 1_000_000), {
    about:
      'Of a million events so many have a receipt in market-data/distributed: to how many they went, how fast. 0: none.',
    default: '1000',
  }),
  DELIVERY_LOG_SAMPLE_PPM: setting(integerText(0, 1_000_000), {
    about: 'Of a million deliveries so many are in message_delivery_log; failures and retries all are.',
    default: '10000',
  }),
});
