import type { Clock, Lane, Position } from '@distributary/distribution-core';
import type { PulsarMetrics } from '../pulsar-metrics.js';
import type { LaneRequest } from './append-request.js';
import type { Sending } from './sending.js';

/** Answers appends to one lane when the last of their events has arrived. */
export class Arrivals {
  /** Of the newest event that arrived; undefined before the first, unless it was set. */
  last: Position | undefined;
  /** Of appends of which a part has arrived. */
  private readonly firstPositions = new Map<LaneRequest, Position>();

  constructor(
    private readonly lane: Lane,
    private readonly clock: Clock,
    private readonly metrics: PulsarMetrics,
  ) {}

  arrived({ request, isLast }: Sending, position: Position): void {
    this.last = position;
    const first = this.firstPositions.get(request) ?? position;
    if (!isLast) return void this.firstPositions.set(request, first);
    this.firstPositions.delete(request);
    this.metrics.appended(request.records.length, request.bytes);
    this.metrics.flushed(this.clock.monotonicMs() - request.startedMs);
    request.resolve({ lane: this.lane, first, last: position });
  }

  /** Some of its events may have arrived. */
  reject(request: LaneRequest, error: Error): void {
    this.firstPositions.delete(request);
    request.reject(error);
  }
}
