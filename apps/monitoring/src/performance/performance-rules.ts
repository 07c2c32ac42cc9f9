import type { PerformanceConfig } from '@distributary/distribution-nest';
import type { AlertRule } from '../alerts/alert-rule.js';

type Row = Pick<AlertRule, 'id' | 'metric' | 'comparison' | 'threshold' | 'clear' | 'severity' | 'summary'>;

/** On what the service publishes of its own performance; the event loop and the machine have rules of their own. */
export function performanceRules(config: PerformanceConfig): readonly AlertRule[] {
  const { ALERT_LATENCY_MS: late, ALERT_LAG_EVENTS: lag, ALERT_AFTER_MS: forMs } = config;
  const rows: readonly Row[] = [
    {
      id: 'delivery-late',
      metric: 'delivery.latency_p99_ms',
      comparison: 'above',
      threshold: late,
      clear: late * 0.8,
      severity: 'WARNING',
      summary: 'events reach their subscribers late',
    },
    {
      id: 'delivery-incomplete',
      metric: 'delivery.success_ratio',
      comparison: 'below',
      threshold: 0.9999,
      clear: 0.99995,
      severity: 'CRITICAL',
      summary: 'subscribers miss events',
    },
    {
      id: 'api-failing',
      metric: 'api.server_error_ratio',
      comparison: 'above',
      threshold: 0.01,
      clear: 0.005,
      severity: 'CRITICAL',
      summary: 'calls fail for reasons that are ours',
    },
    {
      id: 'subscription-lagging',
      metric: 'delivery.lag_events',
      comparison: 'above',
      threshold: lag,
      clear: lag / 2,
      severity: 'WARNING',
      summary: 'a subscription is far behind',
    },
    {
      id: 'heap-high',
      metric: 'process.heap_used_ratio',
      comparison: 'above',
      threshold: 0.9,
      clear: 0.85,
      severity: 'CRITICAL',
      summary: 'the memory of the process is nearly exhausted',
    },
  ];
  return rows.map((row) => ({ ...row, forMs }));
}
