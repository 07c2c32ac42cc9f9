import path from 'node:path';
import { EmbeddedLog } from '@distributary/broker-embedded';
import type { Log } from '@distributary/distribution-core';
import { SystemClock, SystemIds } from '@distributary/distribution-nest';
import type { RealServer } from './real-servers.js';

export const BROKER_KINDS = ['embedded', 'kafka', 'pulsar'] as const;
export type BrokerKind = (typeof BROKER_KINDS)[number];

/** What the services of one run keep their events in. */
export interface StageBroker {
  readonly kind: BrokerKind;
  /** Gives the single events of a shared subscription to any number of processes, so that none of them owns it. */
  readonly spreads: boolean;
  /** Of each service. */
  readonly env: Readonly<Record<string, string>>;
  /** That may be killed and come back; none if the broker is embedded. */
  readonly servers: readonly RealServer[];
  /** As another program that uses it. */
  openLog(): Promise<Log>;
  stop(): Promise<void>;
}

/** The embedded log is the services' own: there is nothing to start. */
export function embeddedBroker(folder: string): StageBroker {
  const directory = path.join(folder, 'log');
  return {
    kind: 'embedded',
    spreads: false,
    env: { EMBEDDED_DIR: directory },
    servers: [],
    openLog: () => EmbeddedLog.open({ directory, clock: new SystemClock(), ids: new SystemIds() }),
    stop: () => Promise.resolve(),
  };
}
