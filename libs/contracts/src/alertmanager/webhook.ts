import { z } from 'zod';
import { textsByName } from '../texts-by-name.js';

const labels = textsByName();

/** Alertmanager writes year 1 for "not known". */
const time = z.iso.datetime({ offset: true });

export const alertmanagerAlertSchema = z.object({
  status: z.enum(['firing', 'resolved']),
  labels,
  annotations: labels.optional(),
  startsAt: time,
  endsAt: time.optional(),
  generatorURL: z.string().optional(),
  /** Of the labels; older versions do not send it. */
  fingerprint: z.string().min(1).max(64).optional(),
});

/** What Prometheus Alertmanager posts to a webhook receiver, version 4. Fields that are not used are not checked. */
export const alertmanagerWebhookSchema = z
  .object({
    version: z.literal('4'),
    groupKey: z.string().optional(),
    /** How many more there were than `max_alerts` of the receiver let through. */
    truncatedAlerts: z.int().min(0).optional(),
    status: z.enum(['firing', 'resolved']).optional(),
    receiver: z.string().optional(),
    externalURL: z.string().optional(),
    alerts: z.array(alertmanagerAlertSchema).max(10_000),
  })
  .meta({
    id: 'AlertmanagerWebhook',
    examples: [
      {
        version: '4',
        groupKey: '{}:{alertname="HighLatency"}',
        truncatedAlerts: 0,
        status: 'firing',
        receiver: 'distributary',
        alerts: [
          {
            status: 'firing',
            labels: { alertname: 'HighLatency', service: 'billing', severity: 'critical' },
            annotations: { summary: 'p99 above 1 s' },
            startsAt: '2025-06-21T10:00:00Z',
            endsAt: '0001-01-01T00:00:00Z',
            fingerprint: 'c01f0d3c8a1d4b6e',
          },
        ],
      },
    ],
  });

export type AlertmanagerAlert = z.output<typeof alertmanagerAlertSchema>;
export type AlertmanagerWebhook = z.output<typeof alertmanagerWebhookSchema>;
