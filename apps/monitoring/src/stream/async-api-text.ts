import { monitoringDataDistributedSchema } from '@distributary/contracts';
import { asyncApiDocument } from '@distributary/distribution-nest';

/** What /api/asyncapi.json answers. */
export const monitoringAsyncApi = (): object =>
  asyncApiDocument({
    title: 'Distributary monitoring: the stream',
    description:
      'Live metrics, alerts, incidents and status of services: filtered, ordered and resumable. What it means stands in docs/protocol.md.',
    version: '1',
    streamPath: '/api/v1/monitoring/stream',
    eventSchema: monitoringDataDistributedSchema,
  });
