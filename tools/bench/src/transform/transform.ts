import { type CompiledTransformation, compileTransformation } from '@distributary/distribution-core';

/** Beside the floor: what reading and writing JSON costs by itself. */
export const TRANSFORM_CASES = ['json only', 'fields', 'mapping', 'cloudevents', 'schema', 'hostile'] as const;
export type TransformCase = (typeof TRANSFORM_CASES)[number];

export interface TransformFigures {
  readonly case: TransformCase;
  readonly eventsPerSecond: number;
  readonly microsPerEvent: number;
  /** Of the dearest event. */
  readonly maxMicros: number;
  readonly steps: number;
  readonly outcome: string;
}

const EVENT = {
  event_id: '0190f2c4-7b1e-7c3a-9d2f-0123456789ab',
  timestamp: '2026-11-21T10:00:00.000Z',
  data_type: 'ALERTS',
  distribution: {
    topic: 'monitoring/alerts/critical',
    routing_key: 'checkout.alert.critical',
    target_subscribers: [],
    priority: 1,
  },
  data: {
    alert_id: 'a1',
    service_name: 'checkout',
    severity: 'CRITICAL',
    metric_name: 'response_time_p99',
    current_value: 5000,
    threshold: 1000,
    owner: { name: 'Ann', email: 'ann@example.org' },
    tags: ['eu', 'web', 'paying'],
  },
  metadata: { source_service: 'host_probe', severity: 'CRITICAL', urgency: 'HIGH', retention_policy: '30d' },
};

const DEFINITIONS: Readonly<Record<Exclude<TransformCase, 'json only'>, unknown>> = {
  fields: { steps: [{ keep: ['data.service_name', 'data.current_value', 'metadata.severity'] }] },
  mapping: {
    steps: [
      {
        map: {
          'data.level': { cel: 'data.current_value > data.threshold * 2 ? "high" : "low"' },
          'data.title': { cel: 'data.service_name + ": " + data.metric_name' },
          'data.region': { from: 'data.tags.0', default: 'none' },
        },
      },
      { rename: { 'data.current_value': 'data.value' } },
      {
        enrich: { target: 'data.team', key: { from: 'data.service_name' }, table: { checkout: { team: 'payments' } } },
      },
      { redact: { paths: ['data.owner.email'], with: 'mask', keep_last: 4 } },
      { drop: ['metadata.retention_policy'] },
    ],
  },
  cloudevents: { steps: [], format: 'cloudevents' },
  schema: {
    steps: [
      {
        validate: {
          schema: {
            required: ['data'],
            properties: {
              data: {
                required: ['service_name', 'current_value'],
                properties: {
                  service_name: { type: 'string', pattern: '^[a-z_]+$' },
                  current_value: { type: 'number', minimum: 0 },
                  tags: { type: 'array', items: { type: 'string', maxLength: 20 } },
                },
              },
            },
          },
        },
      },
    ],
  },
  // Each step as dear as it may be, until the budget is gone.
  hostile: {
    steps: [
      { map: { x: { cel: 'data.long.split("").map(a, data.long.split("").map(b, data.long.matches("(a|b)*c")))' } } },
    ],
  },
};

/** One core, one event after another. `json only`: the floor, parsing and writing and nothing else. */
export function transformBench(seconds: number, cases: readonly TransformCase[] = TRANSFORM_CASES): TransformFigures[] {
  return cases.map((name) => {
    const value = Buffer.from(
      JSON.stringify(name === 'hostile' ? { ...EVENT, data: { long: 'ab'.repeat(500) } } : EVENT),
    );
    const compiled = name === 'json only' ? undefined : compileTransformation(DEFINITIONS[name], { tenant: 'default' });
    measure(value, compiled, seconds / 2);
    return { case: name, ...measure(value, compiled, seconds) };
  });
}

function measure(value: Buffer, compiled: CompiledTransformation | undefined, seconds: number) {
  const result = compiled?.apply(value);
  const startedMs = performance.now();
  let events = 0;
  let maxMs = 0;
  let nowMs = startedMs;
  while (nowMs - startedMs < seconds * 1000) {
    if (compiled === undefined) Buffer.from(JSON.stringify(JSON.parse(value.toString())));
    else compiled.apply(value);
    events++;
    const endMs = performance.now();
    maxMs = Math.max(maxMs, endMs - nowMs);
    nowMs = endMs;
  }
  const tookMs = nowMs - startedMs;
  return {
    eventsPerSecond: (events * 1000) / tookMs,
    microsPerEvent: (tookMs * 1000) / events,
    maxMicros: maxMs * 1000,
    steps: result?.steps ?? 0,
    outcome: result === undefined ? 'event' : (result.failure?.reason ?? result.kind),
  };
}
