import { randomBytes } from 'node:crypto';
import { until } from '@distributary/distribution-core/testing';
import { COMMAND_DOORS, STREAM_DOORS } from './doors/all-doors.js';
import { subscribed } from './doors/door.js';
import { grpcClient, metadataOf } from './doors/grpc.js';
import { alerts, alertsOf, anAlert, aService } from './events.js';
import { TestApp } from './harness.js';
import { type CollectedSpan, OtlpCollector } from './otlp-collector.js';

interface Trace {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceparent: string;
}

function aTrace(flags = '01'): Trace {
  const traceId = randomBytes(16).toString('hex');
  const spanId = randomBytes(8).toString('hex');
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${flags}` };
}

const EVENTS = '/api/v1/monitoring/events';

describe('a service with a collector for traces', () => {
  let app: TestApp;
  let collector: OtlpCollector;
  beforeAll(async () => {
    collector = await OtlpCollector.start();
    app = await TestApp.start({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-team=observability',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test',
      // What nobody traces is not kept; what a producer traces is.
      OTEL_TRACES_SAMPLER: 'parentbased_always_off',
      OTEL_BSP_SCHEDULE_DELAY: '20',
    });
  }, 60_000);
  afterAll(async () => {
    await app.stop();
    await collector.stop();
  }, 60_000);

  const spansOf = (trace: Trace, count: number): Promise<readonly CollectedSpan[]> =>
    until(`${count} spans`, () => {
      const spans = collector.of(trace.traceId);
      return spans.length >= count ? spans : undefined;
    });

  /** Producer → ingest → append and flush. */
  function expectConnected(trace: Trace, spans: readonly CollectedSpan[]): void {
    const ingest = spans.filter(({ name }) => name === 'ingest');
    expect(ingest.map(({ parentSpanId }) => parentSpanId)).toEqual([trace.spanId]);
    const others = spans.filter(({ name }) => name !== 'ingest');
    expect(new Set(others.map(({ name }) => name))).toEqual(new Set(['append', 'fan-out flush']));
    for (const span of others) expect(span.parentSpanId).toBe(ingest[0].spanId);
  }

  it('gets one connected trace of one event, from the producer to all who received it', async () => {
    const service = aService();
    const readers = await Promise.all([1, 2, 3].map(() => subscribed(STREAM_DOORS[0], app, alertsOf(service))));
    const trace = aTrace();
    await app.post(EVENTS, anAlert(service), { traceparent: trace.traceparent });
    for (const reader of readers) await reader.record.events(1);

    const spans = await spansOf(trace, 3);
    expectConnected(trace, spans);
    const flushes = spans.filter(({ name }) => name === 'fan-out flush');
    // One for the feed, not one for each subscriber.
    expect(flushes.map(({ attributes }) => attributes['distributary.subscriptions'])).toEqual([3]);
    expect(flushes[0].attributes).toMatchObject({ 'distributary.deliveries': 3, 'distributary.traced_events': 1 });
    const ingest = spans.find(({ name }) => name === 'ingest') as CollectedSpan;
    expect(flushes[0].endNanos).toBeGreaterThan(ingest.startNanos);
    expect(ingest.attributes).toMatchObject({ 'messaging.destination.name': 'monitoring/alerts/critical' });
    expect(ingest.resource).toMatchObject({
      'service.name': 'distributary-monitoring',
      'service.version': expect.stringMatching(/^\d/) as string,
      'deployment.environment': 'test',
    });
    expect(collector.requests[0]).toMatchObject({ 'x-team': 'observability' });
    for (const reader of readers) await reader.close();
  });

  it.each(COMMAND_DOORS)('continues the trace that a publish over $name names', async (door) => {
    const service = aService();
    const stream = await door.connect(app);
    const reader = await subscribed(STREAM_DOORS[0], app, alertsOf(service));
    const trace = aTrace();
    stream.send('publish', { id: 'p', events: [anAlert(service)], traceparent: trace.traceparent });
    await reader.record.events(1);
    expectConnected(trace, await spansOf(trace, 3));
    await stream.close();
    await reader.close();
  });

  it('continues the trace of a unary gRPC call', async () => {
    const service = aService();
    const client = grpcClient(app) as ReturnType<typeof grpcClient> & {
      Publish(request: object, metadata: object, done: (error: unknown) => void): void;
    };
    const reader = await subscribed(STREAM_DOORS[0], app, alertsOf(service));
    const trace = aTrace();
    const metadata = metadataOf(app);
    metadata.set('traceparent', trace.traceparent);
    await new Promise<void>((resolve, reject) => {
      const events = [Buffer.from(JSON.stringify(anAlert(service)))];
      client.Publish({ events }, metadata, (error) => (error === null ? resolve() : reject(error as Error)));
    });
    await reader.record.events(1);
    expectConnected(trace, await spansOf(trace, 3));
    client.close();
    await reader.close();
  });

  it('is told nothing of what its producers do not trace, and of refused calls that they failed', async () => {
    const service = aService();
    const reader = await subscribed(STREAM_DOORS[0], app, alertsOf(service));
    const [untraced, refused] = [aTrace('00'), aTrace()];
    await app.post(EVENTS, anAlert(service), { traceparent: untraced.traceparent });
    await app.post(EVENTS, anAlert(service), { traceparent: 'nonsense' });
    await reader.record.events(2);
    const unknown = anAlert(service, { routing: { topic: 'monitoring/nowhere' } });
    expect((await app.post(EVENTS, unknown, { traceparent: refused.traceparent })).status).toBe(404);
    const [failed] = await spansOf(refused, 1);
    expect(failed).toMatchObject({ name: 'ingest', attributes: { 'error.type': 'topic.not_found' } });
    expect(collector.of(untraced.traceId)).toEqual([]);
    await reader.close();
  });

  it('shows subscribers nothing of the traces, and no filter finds them', async () => {
    const service = aService();
    const reader = await subscribed(STREAM_DOORS[0], app, alertsOf(service));
    const curious = await subscribed(STREAM_DOORS[0], app, {
      filter: {
        op: 'or',
        filters: [
          { op: 'exists', attribute: '\0traceparent' },
          { op: 'exists', attribute: 'traceparent' },
        ],
      },
    });
    const trace = aTrace();
    await app.post(EVENTS, alerts(service, 2), { traceparent: trace.traceparent });
    const events = await reader.record.events(2);
    expect(JSON.stringify(events)).not.toContain(trace.traceId);
    await spansOf(trace, 3);
    expect(curious.record.received()).toEqual([]);
    await reader.close();
    await curious.close();
  });
});
