import type { MonitoringDataDistributed } from '../monitoring/event.js';

/** `distributary.monitoring.v1.MonitoringDistribution`, with the names of the .proto file. */
export interface MonitoringDistributionMessage {
  readonly event_id: string;
  readonly timestamp: { readonly seconds: number; readonly nanos: number };
  readonly data_type: string;
  /** JSON text. */
  readonly data: Uint8Array;
  readonly routing: {
    readonly topic: string;
    readonly routing_key: string;
    readonly target_subscribers: readonly string[];
    readonly priority: number;
  };
  readonly metadata: Readonly<Record<string, unknown>>;
}

const FRACTION = /\.(\d{1,9})/;
const text = new TextEncoder();

/** A stored event as gRPC's typed stream has it. */
export function monitoringDistributionMessage(event: MonitoringDataDistributed): MonitoringDistributionMessage {
  const { event_id, timestamp, data_type, distribution, data, metadata } = event;
  const { source_service, severity, urgency, retention_policy } = metadata;
  return {
    event_id,
    timestamp: protoTimestamp(timestamp),
    data_type,
    data: text.encode(JSON.stringify(data)),
    routing: distribution,
    metadata: { source_service, severity, urgency, retention_policy },
  };
}

/** ISO 8601 as `google.protobuf.Timestamp`, to the last digit given. */
export function protoTimestamp(iso: string): { seconds: number; nanos: number } {
  const digits = FRACTION.exec(iso)?.[1] ?? '';
  return { seconds: Math.floor(Date.parse(iso) / 1000), nanos: Number(digits.padEnd(9, '0')) };
}
