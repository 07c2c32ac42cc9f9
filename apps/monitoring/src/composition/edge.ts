import type { Clock, Metrics } from '@distributary/distribution-core';
import {
  ConnectionLimits,
  HandshakeGate,
  limitRequests,
  type Logger,
  RequestLimits,
  TlsMaterial,
} from '@distributary/distribution-nest';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { MonitoringConfig } from '../config/monitoring.config.js';

export interface EdgeSurroundings {
  readonly config: MonitoringConfig;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** What stands between the network and the doors: certificates, and how much callers may ask. */
export interface Edge {
  readonly tls: TlsMaterial | undefined;
  readonly requests: RequestLimits;
  readonly connections: ConnectionLimits;
  /** To be called before the app is made, so that its limits come before everything else. */
  guard(adapter: FastifyAdapter): void;
  /** What SIGHUP does. */
  reload(): void;
  stop(): void;
}

export function openEdge({ config, clock, metrics, logger }: EdgeSurroundings): Edge {
  const tls = TlsMaterial.open(config, clock, logger);
  const requests = new RequestLimits(config, clock, metrics);
  const connections = new ConnectionLimits(config, metrics);
  const handshakes = new HandshakeGate(config.MAX_CONCURRENT_HANDSHAKES, metrics);
  return {
    tls,
    requests,
    connections,
    guard(adapter) {
      limitRequests(adapter, requests);
      handshakes.guard(adapter.getInstance().server);
    },
    reload: () => void tls?.reload(),
    stop: () => tls?.stop(),
  };
}
