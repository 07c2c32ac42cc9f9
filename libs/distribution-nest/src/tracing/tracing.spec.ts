import { noMetrics } from '@distributary/distribution-core';
import { InMemoryLog, FakeClock, anEvent } from '@distributary/distribution-core/testing';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { loadConfig } from '../config/load-config.js';
import { openTracing } from './open-tracing.js';
import { TracedIngest } from './traced-ingest.js';
import { tracedLog } from './traced-log.js';
import { parseTraceparent, traceparentOf } from './traceparent.js';
import { tracingConfig } from './tracing.config.js';
import { Tracing } from './tracing.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const CALLER = `00-${TRACE}-${SPAN}-01`;

function aTracing() {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const tracing = new Tracing(provider.getTracer('test'), () => provider.shutdown());
  return { tracing, spans: () => exporter.getFinishedSpans() };
}

describe('a traceparent', () => {
  it('comes back as it was', () => {
    const parsed = parseTraceparent(CALLER);
    expect(parsed).toMatchObject({ traceId: TRACE, spanId: SPAN, traceFlags: 1, isRemote: true });
    expect(parsed && traceparentOf(parsed)).toBe(CALLER);
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-00`)?.traceFlags).toBe(0);
    expect(parseTraceparent(`01-${TRACE}-${SPAN}-03-more`)?.traceFlags).toBe(1);
  });

  it.each([
    undefined,
    7,
    ['a'],
    '',
    'nonsense',
    `ff-${TRACE}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `${CALLER}-${'x'.repeat(300)}`,
  ])('is none: %j', (text) => {
    expect(parseTraceparent(text)).toBeUndefined();
  });
});

describe('tracing', () => {
  it('knows the caller along asynchronous calls, and no other', async () => {
    const { tracing } = aTracing();
    const later = () => Promise.resolve().then(() => tracing.caller);
    expect(await Promise.all([tracing.within(CALLER, later), later(), tracing.within('nonsense', later)])).toEqual([
      CALLER,
      undefined,
      undefined,
    ]);
  });

  it('gives each event of a call the context of the call, and says how it ended', async () => {
    const { tracing, spans } = aTracing();
    const seen: unknown[] = [];
    const ingest = new TracedIngest(
      {
        publish: async (events) => {
          seen.push(...events.map(({ record }) => record.traceparent));
          if (events.length > 1) throw new Error('broken');
          return [];
        },
      },
      tracing,
    );
    const event = { topic: 't', record: anEvent() };
    await tracing.within(CALLER, () => ingest.publish([event]));
    await expect(ingest.publish([event, { ...event, topic: 'u' }])).rejects.toThrow('broken');
    const [done, failed] = spans();
    expect(done.parentSpanContext?.spanId).toBe(SPAN);
    expect(seen).toEqual([
      traceparentOf(done.spanContext()),
      traceparentOf(failed.spanContext()),
      traceparentOf(failed.spanContext()),
    ]);
    expect(failed.attributes).toMatchObject({ 'error.type': 'internal', 'messaging.batch.message_count': 2 });
  });

  it('makes one span of a flush, the child of its first traced event and linked to the others', () => {
    const { tracing, spans } = aTracing();
    const other = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
    tracing.flushed({
      feed: 1,
      members: 500,
      deliveries: 1000,
      traceparents: [CALLER, other, other, CALLER],
      startedMicros: 1_750_000_000_000_000,
      endedMicros: 1_750_000_000_000_250,
    });
    const [span] = spans();
    expect(spans()).toHaveLength(1);
    expect(span.parentSpanContext?.spanId).toBe(SPAN);
    expect(span.links.map(({ context }) => context.spanId)).toEqual(['2'.repeat(16)]);
    expect(span.startTime).toEqual([1_750_000_000, 0]);
    expect(span.duration).toEqual([0, 250_000]);
  });

  it('leaves the log as it is but for appends of traced events', async () => {
    const { tracing, spans } = aTracing();
    const log = tracedLog(new InMemoryLog({ clock: new FakeClock() }), tracing);
    await log.createTopic('t', 1, { ms: 0, bytes: 0 });
    const append = (traceparent?: string) =>
      log.append([
        {
          topic: 't',
          partition: 0,
          records: [anEvent({ eventId: 'x' })].map((record) => ({ ...record, traceparent })),
        },
      ]);
    await append();
    expect(spans()).toEqual([]);
    await append(CALLER);
    expect(spans().map(({ name, parentSpanContext }) => [name, parentSpanContext?.spanId])).toEqual([['append', SPAN]]);
    await expect(
      log.append([{ topic: 'none', partition: 0, records: [{ ...anEvent(), traceparent: CALLER }] }]),
    ).rejects.toMatchObject({ code: 'topic.not_found' });
    expect(spans()[1].attributes).toMatchObject({ 'error.type': 'topic.not_found' });
    const [ends] = await log.ends('t');
    expect(ends.events).toBe(2);
    const [batch] = await log.read({ topic: 't', partition: 0, after: '' }, 1e6);
    expect(batch.recordAt(0)).not.toHaveProperty('traceparent');
    await log.close();
  });
});

describe('the settings of tracing', () => {
  const open = (env: Record<string, string>) =>
    openTracing(loadConfig(env, tracingConfig), { name: 's', version: '1' }, noMetrics);

  it('trace nothing unless there is a collector', async () => {
    expect(await open({})).toBeUndefined();
    expect(
      await open({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_SDK_DISABLED: 'true' }),
    ).toBeUndefined();
  });

  it.each([
    ['always_on', true],
    ['always_off', false],
    ['traceidratio', false],
    ['parentbased_always_on', true],
    ['parentbased_always_off', false],
    ['parentbased_traceidratio', false],
  ])('know the sampler %s', async (sampler, isSampled) => {
    const tracing = (await open({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:1/v1/traces',
      OTEL_TRACES_SAMPLER: sampler,
      OTEL_TRACES_SAMPLER_ARG: '0',
    })) as Tracing;
    const span = tracing.start('x', 0, [], {});
    expect(span.traceparent !== undefined).toBe(isSampled);
    // Not ended: there is nothing to export, and nobody to export it to.
    await tracing.shutdown();
  });

  it('are refused with all that is wrong about them', () => {
    const wrong = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'collector',
      OTEL_EXPORTER_OTLP_HEADERS: 'nonsense',
      OTEL_TRACES_SAMPLER: 'sometimes',
      OTEL_TRACES_SAMPLER_ARG: '2',
      OTEL_BSP_MAX_QUEUE_SIZE: '0',
    };
    for (const name of Object.keys(wrong)) expect(() => loadConfig(wrong, tracingConfig)).toThrow(name);
  });

  it('hide the headers, which hold keys', () => {
    const config = loadConfig({ OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc,x=%' }, tracingConfig);
    expect(JSON.stringify(config)).not.toContain('abc');
    expect(JSON.parse(config.OTEL_EXPORTER_OTLP_HEADERS?.reveal() ?? '')).toEqual({
      authorization: 'Bearer abc',
      x: '%',
    });
  });
});
