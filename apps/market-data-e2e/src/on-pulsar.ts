import path from 'node:path';
import type { Environment } from '@distributary/distribution-nest';

/** Each log folder is a namespace of its own in Pulsar: apps that share a log share their topics, and others do not. */
export const onPulsar =
  (url: string) =>
  (logFolder: string): Environment => ({
    PULSAR_URL: url,
    PULSAR_NAMESPACE: `${path.basename(path.dirname(logFolder))}.${path.basename(logFolder)}`.slice(-60),
  });
