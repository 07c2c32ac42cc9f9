/** Of the topics that the service itself reads. */
export const ALERT_PATTERNS: readonly string[] = ['monitoring/alerts/#'];
export const INCIDENT_PATTERNS: readonly string[] = ['monitoring/incidents'];
export const METRIC_PATTERNS: readonly string[] = ['monitoring/metrics'];
