import type { IncomingMessage } from 'node:http';
import type { Clock, DistributionError, ErrorCode, Metrics, Principal } from '@distributary/distribution-core';
import {
  callerAddress,
  callerOfRequest,
  ConfigurationError,
  ConnectionLimits,
  type FailedAuthentications,
  HandshakeGate,
  IdleConnections,
  limitRequests,
  recordRefusedRequests,
  type Logger,
  RequestLimits,
  TlsMaterial,
  tooManyRequests,
  TrustedProxies,
} from '@distributary/distribution-nest';
import type { ServerInterceptor } from '@grpc/grpc-js';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { ServiceConfig } from '../config/service.config.js';

export interface EdgeSurroundings {
  readonly config: ServiceConfig;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** What stands between the network and the doors: certificates, and how much callers may ask. */
export interface Edge {
  readonly tls: TlsMaterial | undefined;
  readonly requests: RequestLimits;
  readonly connections: ConnectionLimits;
  /** Of gRPC, before all that ask who calls. */
  readonly proxyInterceptors: readonly ServerInterceptor[];
  /** Undefined: certificates stand for nobody. */
  readonly certificates: ((raw: Buffer) => Principal | undefined) | undefined;
  /** To be called before the app is made, so that its limits come before everything else. */
  guard(adapter: FastifyAdapter, failures: FailedAuthentications): void;
  /** Who was not let in by what came within a stream. */
  refused(code: ErrorCode, address: string | undefined): void;
  /** Why a WebSocket handshake is one too many; undefined: it is not. */
  refuseHandshake(request: IncomingMessage): DistributionError | undefined;
  /** What SIGHUP does. */
  reload(): void;
  stop(): void;
}

export function openEdge({ config, clock, metrics, logger }: EdgeSurroundings): Edge {
  const tls = TlsMaterial.open(config, clock, logger);
  if (tls?.hasPrincipals === true && config.AUTH === 'off') {
    const rule = 'must be required, or certificates stand for nobody';
    throw new ConfigurationError([{ variable: 'AUTH', rule, given: config.AUTH }]);
  }
  const requests = new RequestLimits(config, clock, metrics);
  const connections = new ConnectionLimits(config, metrics);
  const proxies = new TrustedProxies(config.TRUSTED_PROXIES);
  const idle = new IdleConnections(config, metrics);
  const handshakes = new HandshakeGate(config.MAX_CONCURRENT_HANDSHAKES, metrics);
  let recordFailure: FailedAuthentications['record'] = () => undefined;
  return {
    tls,
    requests,
    connections,
    proxyInterceptors: proxies.interceptors,
    certificates: tls?.hasPrincipals === true ? (raw) => tls.principalOf(raw) : undefined,
    guard(adapter, failures) {
      recordFailure = failures.record;
      recordRefusedRequests(adapter, failures);
      limitRequests(adapter, requests);
      const { server } = adapter.getInstance();
      handshakes.guard(server);
      idle.guard(server);
      // Prepended last, so that it is the first to look at a request.
      proxies.watch(server);
    },
    refused: (code, address) =>
      recordFailure({ door: 'websocket', code, address: callerAddress(address), traceId: undefined }),
    refuseHandshake(request) {
      const verdict = requests.ofHandshake(callerOfRequest(request));
      return verdict?.isAllowed === false ? tooManyRequests(verdict) : undefined;
    },
    reload: () => void tls?.reload(),
    stop: () => tls?.stop(),
  };
}
