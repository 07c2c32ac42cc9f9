import type { Server } from '@grpc/grpc-js';
import { MANAGEMENT_PACKAGE, MANAGEMENT_PROTOS } from '@distributary/contracts';
import {
  type AccessControl,
  grpcOptions,
  type HostOriginPolicy,
  addressLimitInterceptor,
  keyLimitInterceptor,
  refusedCallInterceptor,
  type Roles,
} from '@distributary/distribution-nest';
import type { NestMicroservice } from '@nestjs/microservices';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { HealthImplementation } from 'grpc-health-check';
import type { GrpcContract } from '../domain.js';
import { freePort } from '../processes/free-port.js';
import type { Telemetry } from './telemetry.js';
import type { Auditing } from './auditing.js';
import type { Edge } from './edge.js';

export interface GrpcAddress {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly contract: GrpcContract;
  readonly roles: Roles;
  readonly policy: HostOriginPolicy;
  readonly edge: Edge;
  readonly auditing: Auditing;
  readonly access: AccessControl;
  readonly telemetry: Telemetry;
}

export interface GrpcServer {
  readonly port: number;
  /** What `grpc.health.v1` answers, for the whole server and for its service. */
  tell(status: 'SERVING' | 'NOT_SERVING'): void;
  /** Takes no more calls, and resolves when those that there are have ended and their clients know why. May take for ever. */
  finish(): Promise<void>;
}

/** Adds gRPC to the app; it listens after `startAllMicroservices` and closes with the app. */
export async function connectGrpc(
  app: NestFastifyApplication,
  { host, port: wanted, contract, roles, policy, edge, auditing, access, telemetry }: GrpcAddress,
): Promise<GrpcServer> {
  // Nest does not tell which port it got, so it cannot be asked for port 0.
  const port = wanted === 0 ? await freePort(host) : wanted;
  const isApi = roles.has('api');
  // The health service is there in any case.
  const isOpen = isApi || roles.has('gateway');
  const health = new HealthImplementation();
  const tell: GrpcServer['tell'] = (status) => {
    for (const service of ['', `${contract.package}.${contract.service}`]) health.setStatus(service, status);
  };
  tell('NOT_SERVING');
  let server: Server | undefined;
  const service = app.connectMicroservice(
    grpcOptions({
      host,
      port,
      policy,
      access,
      firstInterceptors: [
        ...telemetry.interceptors,
        ...edge.proxyInterceptors,
        refusedCallInterceptor(auditing.failures),
        addressLimitInterceptor(edge.requests),
      ],
      interceptors: [keyLimitInterceptor(edge.requests)],
      tls: edge.tls,
      protoFiles: [...(isOpen ? [contract.proto] : []), ...(isApi ? MANAGEMENT_PROTOS : [])],
      packages: [...(isOpen ? [contract.package] : []), ...(isApi ? [MANAGEMENT_PACKAGE] : [])],
      health,
      onServer: (made) => (server = made),
    }),
    { deferInitialization: true },
  ) as NestMicroservice;
  // Handlers take the interceptors that there are when they are registered, which Nest would have done above.
  service.useGlobalInterceptors(auditing.interceptor);
  service.registerListeners();
  service.setIsInitialized(true);
  service.setIsInitHookCalled(true);
  // The error says that it was not started, so there is nothing to wait for.
  const finish = () =>
    new Promise<void>((resolve) => (server === undefined ? resolve() : server.tryShutdown(() => resolve())));
  return { port, tell, finish };
}
