import { MAX_EVENTS_PER_REQUEST } from '@distributary/contracts';
import type { Principal } from '@distributary/distribution-core';
import { type OtlpCodec, type ReadMetrics, readMetrics } from '@distributary/distribution-nest';
import type { EventsService } from '../../events/events.service.js';
import { metricEventOf } from './metric-event.js';

/** OpenTelemetry's metrics as METRICS events. */
export class OtlpService {
  constructor(
    private readonly codec: OtlpCodec,
    private readonly events: EventsService,
  ) {}

  /**
   * Resolves when the broker has the events of all points that can be taken; then those that cannot are told of. If it
   * rejects, sending the same export again is right, and publishes nothing twice.
   */
  async take(body: unknown, principal: Principal): Promise<ReadMetrics> {
    const read = readMetrics(this.codec.decode(body));
    const events = read.points.map(metricEventOf);
    for (let from = 0; from < events.length; from += MAX_EVENTS_PER_REQUEST) {
      await this.events.ingest({ events: events.slice(from, from + MAX_EVENTS_PER_REQUEST) }, principal);
    }
    return read;
  }
}
