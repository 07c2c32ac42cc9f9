import { fileURLToPath } from 'node:url';

/** Where OpenTelemetry's .proto files lie; imports between them start here. */
export const OTLP_PROTO_ROOT = fileURLToPath(new URL('.', import.meta.url));

export const OTLP_METRICS_PROTO = 'opentelemetry/proto/collector/metrics/v1/metrics_service.proto';
export const OTLP_METRICS_PACKAGE = 'opentelemetry.proto.collector.metrics.v1';
