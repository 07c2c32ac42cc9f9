import { z } from 'zod';
import { MONITORING_DATA_TYPES } from './vocabulary.js';

/** {@link MonitoringDataDistributed}: what lies in the log and goes to subscribers, if they ask for no other shape. */
export const monitoringDataDistributedSchema = z
  .looseObject({
    event_id: z.string(),
    timestamp: z.string(),
    data_type: z.enum(MONITORING_DATA_TYPES),
    distribution: z.looseObject({
      topic: z.string(),
      routing_key: z.string(),
      target_subscribers: z.array(z.string()),
      priority: z.int(),
    }),
    data: z.record(z.string(), z.unknown()),
    metadata: z.looseObject({ source_service: z.string() }),
  })
  .meta({ id: 'MonitoringDataDistributed' });
