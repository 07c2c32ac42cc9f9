import { gzipSync } from 'node:zlib';
import { OTLPMetricExporter as JsonExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtobufExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import { webSocketDoor } from './doors/web-socket.js';
import { subscribed } from './doors/door.js';
import { aService, type StoredEvent } from './events.js';
import { TestApp } from './harness.js';

const metricsOf = (service: string) => ({
  services: [service],
  data_types: ['METRICS'],
  slow_policy: 'block' as const,
});

/** A program that is measured by the OpenTelemetry SDK, and exports when it is told. */
function instrumented(service: string, exporter: PushMetricExporter) {
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'service.instance.id': 'i-1' }),
    readers: [reader],
    views: [
      { instrumentName: 'spread', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } },
      {
        instrumentName: 'latency',
        aggregation: { type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM, options: { boundaries: [10, 100] } },
      },
    ],
  });
  return { meter: provider.getMeter('checkout', '1.0'), provider };
}

const byMetric = (events: readonly StoredEvent[]): Record<string, StoredEvent> =>
  Object.fromEntries(events.map((event) => [event.data.metric_name, event]));

describe('OpenTelemetry metrics', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  it.each([
    ['JSON', '/v1/metrics', (url: string) => new JsonExporter({ url })],
    ['protobuf', '/v1/metrics', (url: string) => new ProtobufExporter({ url })],
    [
      'packed protobuf below the path of the service',
      '/api/v1/monitoring/otlp/v1/metrics',
      (url: string) => new ProtobufExporter({ url, compression: 'gzip' as never }),
    ],
    [
      'JSON with deltas',
      '/v1/metrics',
      (url: string) => new JsonExporter({ url, temporalityPreference: AggregationTemporality.DELTA }),
    ],
  ])('of the real SDK arrive at a subscriber, as %s', async (name, path, exporterOf) => {
    const service = aService();
    const reader = await subscribed(webSocketDoor, app, metricsOf(service));
    const { meter, provider } = instrumented(service, exporterOf(app.httpUrl + path));
    meter.createCounter('orders', { unit: '{order}' }).add(3, { country: 'CH', paid: true });
    meter.createGauge('depth').record(17);
    const latency = meter.createHistogram('latency', { unit: 'ms' });
    [5, 50, 500].forEach((ms) => latency.record(ms));
    meter.createHistogram('spread').record(2);
    await provider.forceFlush();
    const { orders, depth, latency: histogram, spread } = byMetric(await reader.record.events(4));
    const temporality = name.includes('deltas') ? 'delta' : 'cumulative';
    expect(orders).toMatchObject({
      data_type: 'METRICS',
      distribution: { topic: 'monitoring/metrics', routing_key: expect.stringMatching(`^${service}\\.metric\\.`) },
      data: {
        service_name: service,
        current_value: 3,
        unit: '{order}',
        metric_kind: 'sum',
        temporality,
        is_monotonic: true,
        labels: { country: 'CH', paid: 'true', 'service.instance.id': 'i-1' },
        scope: 'checkout',
      },
      metadata: { source_service: service },
    });
    expect(Math.abs(Date.parse(orders.timestamp) - Date.now())).toBeLessThan(60_000);
    expect(depth.data).toMatchObject({ current_value: 17, metric_kind: 'gauge' });
    expect(histogram.data).toMatchObject({
      current_value: 185,
      temporality,
      histogram: { count: 3, sum: 555, min: 5, max: 500, bucket_counts: [1, 1, 1], explicit_bounds: [10, 100] },
    });
    expect(spread.data).toMatchObject({ current_value: 2, exponential_histogram: { count: 1, sum: 2 } });
    await provider.shutdown();
    await reader.close();
  });

  it('that are exported again are published once', async () => {
    const service = aService();
    const reader = await subscribed(webSocketDoor, app, metricsOf(service));
    const body = exportOf(service, [
      { name: 'depth', gauge: { dataPoints: [{ timeUnixNano: String(Date.now() * 1e6), asInt: '7' }] } },
    ]);
    expect(await app.post('/v1/metrics', body)).toMatchObject({ status: 200, body: {} });
    expect(await app.post('/v1/metrics', body)).toMatchObject({ status: 200, body: {} });
    await app.post('/v1/metrics', exportOf(service, [{ name: 'last', gauge: { dataPoints: [{ asInt: 1 }] } }]));
    expect((await reader.record.events(2)).map(({ data }) => data.metric_name)).toEqual(['depth', 'last']);
    await reader.close();
  });

  it('that cannot be taken are counted, and the others are taken', async () => {
    const service = aService();
    const reader = await subscribed(webSocketDoor, app, metricsOf(service));
    const { status, body } = await app.post(
      '/v1/metrics',
      exportOf(service, [
        { name: 'good', gauge: { dataPoints: [{ asDouble: 1 }] } },
        { name: 'bad', gauge: { dataPoints: [{ asDouble: 'NaN' }, {}] } },
        { name: '', gauge: { dataPoints: [{ asDouble: 1 }] } },
      ]),
    );
    expect(status).toBe(200);
    expect(body).toEqual({
      partialSuccess: {
        rejectedDataPoints: '3',
        errorMessage: 'values must be finite numbers; a data point must have a value; a metric must have a name',
      },
    });
    expect((await reader.record.events(1)).map(({ data }) => data.metric_name)).toEqual(['good']);
    await reader.close();
  });

  it('are refused as a whole when they are no export, or too many, with the status that OTLP wants', async () => {
    expect(await app.post('/v1/metrics', { resourceMetrics: 'none' })).toMatchObject({
      status: 400,
      body: { code: 3, message: expect.stringContaining('resourceMetrics') },
    });
    const many = Array.from({ length: 10_001 }, () => ({ asInt: 1 }));
    const tooMany = await app.post('/v1/metrics', exportOf('s', [{ name: 'm', gauge: { dataPoints: many } }]));
    expect(tooMany).toMatchObject({ status: 413, body: { code: 8 } });
    const noProtobuf = await app.postBytes('/v1/metrics', Buffer.from([255, 255, 255]), 'application/x-protobuf');
    expect(noProtobuf.status).toBe(400);
    expect(noProtobuf.headers.get('content-type')).toBe('application/x-protobuf');
  });

  it('of a body that is not what its encoding says, or of an unknown one, are refused', async () => {
    const packed = gzipSync(JSON.stringify({}));
    const sent = (bytes: Buffer, encoding: string) =>
      app.postBytes('/v1/metrics', bytes, 'application/json', { 'content-encoding': encoding });
    expect(await sent(packed, 'gzip')).toMatchObject({ status: 200 });
    expect(await sent(packed.subarray(0, 12), 'gzip')).toMatchObject({ status: 400 });
    expect(await sent(Buffer.from('{}'), 'gzip')).toMatchObject({ status: 400 });
    expect(await sent(packed, 'br')).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
    // 20 MB of nothing, packed into 20 KB.
    expect(await sent(gzipSync(Buffer.alloc(20_000_000, ' ')), 'gzip')).toMatchObject({ status: 413 });
  });

  it.each(['/v1/traces', '/v1/logs'])('are all that is taken: %s is not found', async (path) => {
    const { status, body } = await app.post(path, {});
    expect(status).toBe(404);
    expect(body).toMatchObject({ code: 5, message: expect.stringContaining('only metrics are taken') });
  });
});

function exportOf(service: string, metrics: readonly object[]): object {
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: service } }] };
  return { resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] };
}
