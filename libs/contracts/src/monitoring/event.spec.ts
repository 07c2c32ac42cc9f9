import { activeAlertsQuerySchema } from './responses.js';
import { monitoringDistributionSchema } from './event.js';
import { alertLevelOf, levelRank } from './vocabulary.js';

const alert = {
  event_id: 'e-1',
  timestamp: '2025-06-21T10:00:00.000Z',
  data_type: 'ALERTS',
  data: {
    alert_id: 'alert_20250621_001',
    service_name: 'portfolio_management_service',
    severity: 'critical',
    metric_name: 'response_time_p99',
    current_value: 5000,
    threshold: 1000,
    runbook: { url: 'https://example.com' },
  },
  routing: {
    topic: 'monitoring/alerts/critical',
    routing_key: 'portfolio_mgmt.alert.critical',
    target_subscribers: ['incident_management'],
    priority: 1,
    delivery_guarantee: 'at_least_once',
  },
  metadata: { source_service: 'intelligent_alerting_service', severity: 'CRITICAL', retention_policy: '30d' },
};

const problemsOf = (input: unknown) =>
  monitoringDistributionSchema.safeParse(input).error?.issues.map((issue) => issue.path.join('.')) ?? [];

describe('the monitoring event', () => {
  it("takes the spec's example, keeps unknown fields of data and spells severities in one way", () => {
    const parsed = monitoringDistributionSchema.parse(alert);
    expect(parsed.data).toEqual({ ...alert.data, severity: 'CRITICAL' });
    expect(parsed.routing).toEqual(alert.routing);
  });

  it('needs no more than a data type, data and a source', () => {
    const least = { data_type: 'SLO_STATUS', data: {}, metadata: { source_service: 's' } };
    expect(monitoringDistributionSchema.parse(least)).toEqual(least);
  });

  it.each([
    [{ ...alert, data_type: 'NOISE' }, ['data_type']],
    [{ ...alert, data_type: 'METRICS', data: { current_value: 'a' } }, ['data.metric_name', 'data.current_value']],
    [{ ...alert, timestamp: 'yesterday' }, ['timestamp']],
    [
      { ...alert, routing: { topic: 'a/+/b', routing_key: 'a..b', priority: 0 } },
      ['routing.topic', 'routing.routing_key', 'routing.priority'],
    ],
    [{ ...alert, metadata: {} }, ['metadata.source_service']],
    [{ ...alert, data: { current_value: Number.POSITIVE_INFINITY } }, ['data.current_value']],
  ])('names what is wrong with %j', (input, paths) => {
    expect(problemsOf(input)).toEqual(paths);
  });
});

describe('severities', () => {
  it('map to three levels, foreign words included', () => {
    expect(['critical', 'Fatal', 'warn', 'HIGH', 'info', 'constructor', undefined].map(alertLevelOf)).toEqual([
      'CRITICAL',
      'CRITICAL',
      'WARNING',
      'WARNING',
      'INFO',
      'INFO',
      'INFO',
    ]);
    expect(levelRank('CRITICAL')).toBeLessThan(levelRank('INFO'));
  });

  it('are a free text in the query', () => {
    expect(activeAlertsQuerySchema.parse({ severity: 'critical,warning', other: 1 })).toEqual({
      severity: 'critical,warning',
    });
    expect(activeAlertsQuerySchema.safeParse({ service: '' }).success).toBe(false);
  });
});
