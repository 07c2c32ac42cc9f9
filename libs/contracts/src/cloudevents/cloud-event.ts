import { z } from 'zod';

const text = z.string().min(1).max(1_000);

/** CloudEvents 1.0 in JSON. Extensions are fields beside these: texts, numbers or booleans. */
export const cloudEventSchema = z
  .looseObject({
    specversion: z.literal('1.0'),
    id: text,
    /** A URI reference. */
    source: text,
    type: text,
    subject: text.nullish(),
    time: z.iso.datetime({ offset: true }).nullish(),
    datacontenttype: z.string().max(200).nullish(),
    dataschema: text.nullish(),
    data: z.unknown().optional(),
    data_base64: z.base64().nullish(),
  })
  .meta({
    id: 'CloudEvent',
    examples: [
      {
        specversion: '1.0',
        id: '17',
        source: '/services/billing',
        type: 'com.example.alert.raised',
        subject: 'queue_too_long',
        time: '2025-06-21T10:00:00Z',
        severity: 'critical',
        data: { metric_name: 'queue_depth', current_value: 5000, threshold: 1000 },
      },
    ],
  });

export const CLOUD_EVENT = 'application/cloudevents+json';
export const CLOUD_EVENT_BATCH = 'application/cloudevents-batch+json';

export type CloudEventInput = z.output<typeof cloudEventSchema>;
