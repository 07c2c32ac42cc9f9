import { SpanKind } from '@opentelemetry/api';
import type { PublishedEvent, PublishOutcome } from '@distributary/distribution-core';
import type { Tracing } from './tracing.js';

/** What publishes; the core's `Ingest`, and what is put around it. */
export interface TraceableIngest {
  publish(events: readonly PublishedEvent[]): Promise<readonly PublishOutcome[]>;
}

/** One span a call, which continues the caller's trace; its context goes into the log with each event. */
export class TracedIngest implements TraceableIngest {
  constructor(
    private readonly ingest: TraceableIngest,
    private readonly tracing: Tracing,
  ) {}

  async publish(events: readonly PublishedEvent[]): Promise<readonly PublishOutcome[]> {
    const { caller } = this.tracing;
    const topics = new Set(events.map(({ topic }) => topic));
    const [topic] = topics;
    const span = this.tracing.start('ingest', SpanKind.PRODUCER, caller === undefined ? [] : [caller], {
      'messaging.operation.type': 'send',
      'messaging.batch.message_count': events.length,
      ...(topics.size === 1 ? { 'messaging.destination.name': topic } : {}),
    });
    const { traceparent } = span;
    const traced =
      traceparent === undefined
        ? events
        : events.map((event) => ({ ...event, record: { ...event.record, traceparent } }));
    try {
      const outcomes = await this.ingest.publish(traced);
      span.end({ 'distributary.duplicates': outcomes.filter(({ duplicate }) => duplicate).length });
      return outcomes;
    } catch (error) {
      span.fail(error);
      throw error;
    }
  }
}
