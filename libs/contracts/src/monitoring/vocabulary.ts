/** The closed lists of the monitoring service. */
export const MONITORING_DATA_TYPES = [
  'METRICS',
  'ALERTS',
  'INCIDENTS',
  'SLO_STATUS',
  'INFRASTRUCTURE_STATUS',
  'PERFORMANCE_OPTIMIZATION',
] as const;
export type MonitoringDataType = (typeof MONITORING_DATA_TYPES)[number];

/**
 * The three levels that topics, rules and summaries know. Producers may use words of their own; {@link alertLevelOf}
 * says which level such a word belongs to.
 */
export const ALERT_LEVELS = ['CRITICAL', 'WARNING', 'INFO'] as const;
export type AlertLevel = (typeof ALERT_LEVELS)[number];

const LEVEL_OF_WORD: Readonly<Record<string, AlertLevel>> = {
  CRITICAL: 'CRITICAL',
  FATAL: 'CRITICAL',
  EMERGENCY: 'CRITICAL',
  PAGE: 'CRITICAL',
  WARNING: 'WARNING',
  WARN: 'WARNING',
  ERROR: 'WARNING',
  HIGH: 'WARNING',
  MAJOR: 'WARNING',
  MEDIUM: 'WARNING',
};

/** `INFO` for any other word, and for none. */
export function alertLevelOf(severity: string | undefined): AlertLevel {
  const word = severity?.toUpperCase();
  return word !== undefined && Object.hasOwn(LEVEL_OF_WORD, word) ? LEVEL_OF_WORD[word] : 'INFO';
}

/** 0 is the most severe. */
export const levelRank = (level: AlertLevel): number => ALERT_LEVELS.indexOf(level);
