import type { LoadTarget } from './load-connection.js';
import { INGEST_PATH, STREAM_PATH } from './monitoring-service.js';

/** What is measured: the service, or the naive twin beside it. */
export type Target = 'service' | 'twin';
export const TARGETS: readonly Target[] = ['service', 'twin'];

export interface Doors {
  readonly ingestPath: string;
  /** With the query by which this subscriber subscribes to the topic. */
  readonly streamPath: (topic: string, subscriber: number) => string;
  /** How subscribers connect besides. */
  readonly connection?: Pick<LoadTarget, 'isTls' | 'isDeflated'>;
  /** Each has a durable subscription of its own, acknowledged so often; absent: none has. */
  readonly acknowledgeEveryMs?: number;
}

/** Nothing may be left out, so that what was lost can be told from what was merged. */
export const DOORS: Readonly<Record<Target, Doors>> = {
  service: {
    ingestPath: INGEST_PATH,
    streamPath: (topic) => `${STREAM_PATH}?patterns=${encodeURIComponent(topic)}&slow_policy=block`,
  },
  twin: { ingestPath: '/', streamPath: (topic) => `/?topic=${encodeURIComponent(topic)}` },
};
