/** The name under which this service speaks of itself. */
export const OWN_SERVICE = 'monitoring-distribution';
