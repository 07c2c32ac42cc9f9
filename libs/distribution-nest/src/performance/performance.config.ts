import { z } from 'zod';
import { integerText, setting } from '../config/setting.js';

/** What is kept of how the service performs. */
export const performanceConfig = z.object({
  SLA_WRITE_INTERVAL_MS: setting(integerText(100, 3_600_000), {
    about: 'How often figures of the service level go to the database.',
    default: '60000',
  }),
  SLA_RETENTION_DAYS: setting(integerText(1, 3_650), {
    about: 'Days of service level figures that are kept.',
    default: '400',
  }),
  PERFORMANCE_INTERVAL_MS: setting(integerText(100, 3_600_000), {
    about: 'How often the service publishes how it performs, as METRICS of its own, on which its alert rules look.',
    default: '10000',
  }),
  RECEIPT_INTERVAL_MS: setting(integerText(100, 3_600_000), {
    about: 'How often receipts, what was distributed of each lane, are published to the topic of receipts.',
    default: '10000',
  }),
  ALERT_LATENCY_MS: setting(integerText(0, 3_600_000), {
    about: 'The 99th percentile of the delivery latency above which an alert is raised.',
    default: '50',
  }),
  ALERT_LAG_EVENTS: setting(integerText(0, 1_000_000_000), {
    about: 'Events that a subscription may be behind before an alert is raised.',
    default: '100000',
  }),
  ALERT_AFTER_MS: setting(integerText(0, 3_600_000), {
    about: 'How long a figure of the performance must be beyond its threshold before an alert is raised.',
    default: '30000',
  }),
});

export type PerformanceConfig = Readonly<z.output<typeof performanceConfig>>;
