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

/** A stored event as gRPC's typed stream has it. What a transformation took away, or made into something else, is empty. */
export function monitoringDistributionMessage(event: unknown): MonitoringDistributionMessage {
  const { event_id, timestamp, data_type, distribution, data, metadata } = fieldsOf(event);
  const { topic, routing_key, target_subscribers, priority } = fieldsOf(distribution);
  const words = Object.entries(fieldsOf(metadata)).filter(([, value]) => typeof value === 'string');
  const { source_service, severity, urgency, retention_policy } = Object.fromEntries(words) as Record<string, string>;
  return {
    event_id: textOf(event_id),
    timestamp: protoTimestamp(textOf(timestamp)),
    data_type: textOf(data_type),
    data: text.encode(data === undefined ? '' : JSON.stringify(data)),
    routing: {
      topic: textOf(topic),
      routing_key: textOf(routing_key),
      target_subscribers: Array.isArray(target_subscribers) ? target_subscribers.map(textOf) : [],
      priority: typeof priority === 'number' ? priority : 0,
    },
    metadata: { source_service, severity, urgency, retention_policy },
  };
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** ISO 8601 as `google.protobuf.Timestamp`, to the last digit given; what is no time is the beginning of time. */
export function protoTimestamp(iso: string): { seconds: number; nanos: number } {
  const millis = Date.parse(iso);
  if (Number.isNaN(millis)) return { seconds: 0, nanos: 0 };
  const digits = FRACTION.exec(iso)?.[1] ?? '';
  return { seconds: Math.floor(millis / 1000), nanos: Number(digits.padEnd(9, '0')) };
}
