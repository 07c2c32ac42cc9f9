import { MAX_EVENTS_PER_REQUEST } from '@distributary/contracts';
import { type Principal, requirePermission } from '@distributary/distribution-core';
import { type OtlpCodec, type ReadMetrics, readMetrics } from '@distributary/distribution-nest';
import type { EventsService } from '@distributary/distribution-service';
import { metricEventOf } from './metric-event.js';

/** OpenTelemetry's metrics as METRICS events. */
export class OtlpService {
  constructor(
    private readonly codec: OtlpCodec,
    private readonly events: EventsService,
  ) {}

  /**
   * Resolves when the broker has the events of all points that can be taken; then those that cannot are told of. If it
   * rejects, sending the same export again is right, and publishes nothing twice that has a time.
   */
  async take(body: unknown, principal: Principal): Promise<ReadMetrics> {
    // Before it is decoded, which is most of the work.
    requirePermission(principal, 'publish');
    const read = readMetrics(this.codec.decode(body));
    for (let from = 0; from < read.points.length; from += MAX_EVENTS_PER_REQUEST) {
      // Piece by piece, so that a large export does not hold up the streams of this process.
      const events = read.points.slice(from, from + MAX_EVENTS_PER_REQUEST).map(metricEventOf);
      await this.events.ingest({ events }, principal);
    }
    return read;
  }
}
