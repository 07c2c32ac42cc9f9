const event = {
  event_id: 'fuzzed-1',
  data_type: 'ALERTS',
  data: { alert_id: 'a', service_name: 'billing', severity: 'CRITICAL', current_value: 5, threshold: 1 },
  routing: { topic: 'monitoring/alerts/critical', routing_key: 'billing.alert', priority: 1 },
  metadata: { source_service: 'billing', severity: 'CRITICAL' },
};
const lane = { topic: 'monitoring/metrics', partition: 0, epoch: 'e', position: '' };

/** What a client may well send: from here on single things are broken, so that what lies behind the checks is met, too. */
export const RIGHT_MESSAGES: readonly { readonly type: string; readonly payload: unknown }[] = [
  { type: 'hello', payload: { client: 'fuzzer' } },
  { type: 'subscribe', payload: { id: 's', data_types: ['METRICS', 'ALERTS'], start: 'latest' } },
  {
    type: 'subscribe',
    payload: { id: 's', patterns: ['monitoring/#'], start: 'earliest', slow_policy: 'drop-oldest' },
  },
  { type: 'subscribe', payload: { id: 't', data_types: ['METRICS'], start: 'snapshot', slow_policy: 'conflate' } },
  { type: 'subscribe', payload: { id: 'f', patterns: ['monitoring/alerts/+'], filter: 'severity == "CRITICAL"' } },
  {
    type: 'subscribe',
    payload: {
      id: 'g',
      services: ['billing'],
      filter: {
        op: 'and',
        filters: [
          { op: 'eq', attribute: 'severity', value: 'CRITICAL' },
          { op: 'exists', attribute: 'x' },
        ],
      },
      max_rate: 10,
      credit: 5,
    },
  },
  { type: 'subscribe', payload: { id: 'd', name: 'fuzzed', patterns: ['monitoring/alerts/#'], type: 'exclusive' } },
  { type: 'subscribe', payload: { id: 'e', name: 'shared', patterns: ['monitoring/alerts/#'], type: 'shared' } },
  { type: 'subscribe', payload: { id: 'p', data_types: ['ALERTS'], fields: ['data.severity'], format: 'cloudevents' } },
  { type: 'subscribe', payload: { id: 'c', keys: ['billing.#'], start: { time: '2026-01-01T00:00:00Z' } } },
  { type: 'unsubscribe', payload: { id: 's' } },
  { type: 'ack', payload: { id: 'd', generation: 1, positions: [lane] } },
  { type: 'nack', payload: { id: 'd', generation: 1, cursor: 'v1.AAAA' } },
  { type: 'ack', payload: { id: 'e', generation: 1, event_ids: ['fuzzed-1'] } },
  { type: 'credit', payload: { id: 'g', events: 10 } },
  { type: 'history', payload: { id: 'h', patterns: ['monitoring/#'], from: '2026-01-01T00:00:00Z', limit: 5 } },
  { type: 'publish', payload: { id: 'p', events: [event] } },
  { type: 'refresh', payload: { token: 'dk_1_2' } },
  { type: 'ping', payload: { any: ['thing'] } },
];
