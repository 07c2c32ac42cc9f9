/** Which process of which machine speaks, as a word of a routing key: so each has states of its own. */
export function sourceWordOf(hostname: string, processName: string | undefined): string {
  const host = hostname.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 100) || 'unknown';
  return processName === undefined ? host : `${host}-${processName}`;
}
