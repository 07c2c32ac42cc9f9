import type * as Sdk from '@opentelemetry/sdk-trace-node';
import type { Sampler, SpanExporter } from '@opentelemetry/sdk-trace-node';
import type { Metrics } from '@distributary/distribution-core';
import { Tracing } from './tracing.js';
import type { TracingConfig } from './tracing.config.js';

export interface ServiceIdentity {
  readonly name: string;
  readonly version: string;
}

/** Undefined unless a collector is configured; nothing of the SDK is loaded then. */
export async function openTracing(
  config: TracingConfig,
  service: ServiceIdentity,
  metrics: Metrics,
): Promise<Tracing | undefined> {
  const url = tracesUrl(config);
  if (url === undefined || config.OTEL_SDK_DISABLED) return undefined;
  const [sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/sdk-trace-node'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const headers = config.OTEL_EXPORTER_OTLP_HEADERS?.reveal();
  const exporter = counted(
    new OTLPTraceExporter({
      url,
      timeoutMillis: config.OTEL_EXPORTER_OTLP_TIMEOUT,
      ...(headers === undefined ? {} : { headers: JSON.parse(headers) as Record<string, string> }),
    }),
    metrics,
  );
  const provider = new sdk.BasicTracerProvider({
    resource: resourceFromAttributes({
      ...config.OTEL_RESOURCE_ATTRIBUTES,
      'service.name': config.OTEL_SERVICE_NAME ?? service.name,
      'service.version': service.version,
    }),
    sampler: samplerOf(config, sdk),
    spanProcessors: [
      new sdk.BatchSpanProcessor(exporter, {
        maxQueueSize: config.OTEL_BSP_MAX_QUEUE_SIZE,
        // The SDK refuses a batch that is larger than the queue.
        maxExportBatchSize: Math.min(config.OTEL_BSP_MAX_EXPORT_BATCH_SIZE, config.OTEL_BSP_MAX_QUEUE_SIZE),
        scheduledDelayMillis: config.OTEL_BSP_SCHEDULE_DELAY,
        exportTimeoutMillis: config.OTEL_EXPORTER_OTLP_TIMEOUT,
      }),
    ],
  });
  return new Tracing(provider.getTracer('distributary', service.version), () => provider.shutdown());
}

function tracesUrl(config: TracingConfig): string | undefined {
  const base = config.OTEL_EXPORTER_OTLP_ENDPOINT;
  return config.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? (base && `${base.replace(/\/$/, '')}/v1/traces`);
}

function samplerOf(
  { OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: share }: TracingConfig,
  sdk: typeof Sdk,
): Sampler {
  const root = name.endsWith('always_on')
    ? new sdk.AlwaysOnSampler()
    : name.endsWith('always_off')
      ? new sdk.AlwaysOffSampler()
      : new sdk.TraceIdRatioBasedSampler(share);
  return name.startsWith('parentbased_') ? new sdk.ParentBasedSampler({ root }) : root;
}

function counted(exporter: SpanExporter, metrics: Metrics): SpanExporter {
  const help = 'Spans that were given to the collector, by what became of them';
  const exported = metrics.counter('tracing_spans_total', help, { outcome: 'exported' });
  const failed = metrics.counter('tracing_spans_total', help, { outcome: 'failed' });
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        (result.code === 0 ? exported : failed).add(spans.length);
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    ...(exporter.forceFlush === undefined ? {} : { forceFlush: () => (exporter.forceFlush as () => Promise<void>)() }),
  };
}
