import type { AlertLevel } from '@distributary/contracts';

/** A threshold on one metric, of any service that publishes it. */
export interface AlertRule {
  /** Stable: it is part of alert ids. At most 50 letters, digits, dots, hyphens. */
  readonly id: string;
  readonly metric: string;
  readonly comparison: 'above' | 'below';
  readonly threshold: number;
  /** Where it is over again: on the good side of the threshold, so that a value on the edge does not flap. */
  readonly clear: number;
  readonly severity: AlertLevel;
  /** How long the value must be beyond the threshold, by the times of the events. */
  readonly forMs: number;
  readonly summary: string;
}

const SECOND = 1_000;

export const DEFAULT_ALERT_RULES: readonly AlertRule[] = [
  above('cpu-busy', 'cpu.utilization', 0.9, 0.8, 'WARNING', 30 * SECOND, 'the processors are nearly always busy'),
  above('cpu-saturated', 'cpu.utilization', 0.98, 0.9, 'CRITICAL', 60 * SECOND, 'the processors have no room left'),
  above('memory-high', 'memory.used_ratio', 0.9, 0.85, 'WARNING', 30 * SECOND, 'memory is running short'),
  above('memory-exhausted', 'memory.used_ratio', 0.97, 0.95, 'CRITICAL', 10 * SECOND, 'memory is nearly exhausted'),
  above('disk-filling', 'disk.used_ratio', 0.85, 0.83, 'WARNING', 60 * SECOND, 'the disk is filling up'),
  above('disk-full', 'disk.used_ratio', 0.95, 0.93, 'CRITICAL', 60 * SECOND, 'the disk is nearly full'),
  above('loop-late', 'eventloop.delay_p99_ms', 100, 50, 'WARNING', 10 * SECOND, 'the event loop answers late'),
  above('loop-stalled', 'eventloop.delay_p99_ms', 1_000, 200, 'CRITICAL', 10 * SECOND, 'the event loop stalls'),
  above('dead-letters-growing', 'dead_letters.growth', 0, 0, 'WARNING', 0, 'events cannot be delivered'),
  above('dead-letters-many', 'dead_letters.growth', 100, 10, 'CRITICAL', 0, 'many events cannot be delivered'),
  above('loop-busy', 'eventloop.utilization', 0.95, 0.9, 'WARNING', 30 * SECOND, 'the event loop has no room left'),
];

function above(
  id: string,
  metric: string,
  threshold: number,
  clear: number,
  severity: AlertLevel,
  forMs: number,
  summary: string,
): AlertRule {
  return { id, metric, comparison: 'above', threshold, clear, severity, forMs, summary };
}
