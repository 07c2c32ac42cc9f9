import type { AddressInfo } from 'node:net';
import {
  type CallStatistics,
  createHttpAdapter,
  createRegistry,
  decideHostOrigin,
  type HealthCheck,
  HealthService,
  type HostOriginPolicy,
  Lifecycle,
  type Logger,
  NestLogger,
  PromMetrics,
  recordRoutes,
  rolesOf,
  ServiceAccess,
  type RouteEntry,
  setupOpenApi,
  StreamWebSocketAdapter,
  SystemClock,
  SystemIds,
  takeBodies,
} from '@distributary/distribution-nest';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ServiceModule } from './service.module.js';
import type { Broker } from './composition/broker.js';
import { openAuditing } from './composition/auditing.js';
import { openReadCaching } from './composition/read-caching.js';
import { openQuotas } from './composition/quotas.js';
import { type Edge, openEdge } from './composition/edge.js';
import { administration } from './composition/administration.js';
import { openObservability } from './composition/observability.js';
import { openTelemetry } from './composition/telemetry.js';
import { openStorage } from './composition/open-storage.js';
import { connectGrpc, type GrpcServer } from './composition/grpc-server.js';
import { closePipeline, drainStreams, openParts, startReading } from './composition/parts.js';
import type { ServiceConfig } from './config/service.config.js';
import type { Domain } from './domain.js';

export interface RunningService {
  readonly httpUrl: string;
  readonly grpcPort: number;
  readonly lifecycle: Lifecycle;
  /** What SIGHUP does: certificates are read again. */
  reload(): void;
  /** What /api/openapi.json answers. */
  readonly openApi: object;
  /** What /api/asyncapi.json answers. */
  readonly asyncApi: object;
  /** Every route that listens, documented or not. */
  readonly routes: readonly RouteEntry[];
  /** What every door was asked, as `stats/api` has it. */
  readonly calls: CallStatistics;
}

const STEP_DEADLINE_MS = 30_000;
/** For clients to take the status that ends their calls; those that watch the health end no call by themselves. */
const GRPC_FINISH_MS = 1_000;

async function checkBroker({ log, check }: Broker): Promise<void> {
  if (check === undefined) await log.listTopics();
  else await check();
}

/** What was opened on the way up, newest last. */
type Opened = (() => Promise<void>)[];

interface Assembled extends Pick<RunningService, 'openApi' | 'routes' | 'calls'> {
  readonly app: NestFastifyApplication;
  readonly edge: Edge;
  readonly grpc: GrpcServer;
  readonly lifecycle: Lifecycle;
}

/**
 * The whole service, listening. Used by main, the end-to-end tests and whoever embeds it. If it rejects, nothing is left
 * running.
 */
export async function createService<Config extends ServiceConfig>(
  domain: Domain<Config>,
  config: Config,
  logger: Logger,
): Promise<RunningService> {
  const opened: Opened = [];
  const { app, edge, grpc, lifecycle, openApi, routes, calls } = await assemble(domain, config, logger, opened).catch(
    async (error: unknown) => {
      for (const close of opened.reverse()) {
        await close().catch((failure: unknown) => logger.error('service.close_failed', { error: failure }));
      }
      throw error;
    },
  );
  // From here on the drain closes what was opened.
  await lifecycle.start();
  if (lifecycle.state === 'ready') grpc.tell('SERVING');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return {
    httpUrl: `${edge.tls === undefined ? 'http' : 'https'}://${config.HOST}:${port}`,
    grpcPort: grpc.port,
    lifecycle,
    reload: () => edge.reload(),
    openApi,
    asyncApi: domain.asyncApi(),
    routes,
    calls,
  };
}

async function assemble<Config extends ServiceConfig>(
  domain: Domain<Config>,
  config: Config,
  logger: Logger,
  opened: Opened,
): Promise<Assembled> {
  const clock = new SystemClock();
  const ids = new SystemIds();
  const registry = createRegistry(domain.name);
  const metrics = new PromMetrics(registry);
  const lifecycle = new Lifecycle(clock, logger, config.DRAIN_TIMEOUT_MS);
  const roles = rolesOf(config);
  const policy: HostOriginPolicy = { allowedHosts: config.ALLOWED_HOSTS, allowedOrigins: config.ALLOWED_ORIGINS };

  const edge = openEdge({ config, clock, metrics, logger });
  opened.push(() => Promise.resolve(edge.stop()));
  const rows = await openStorage(domain.tables, config, clock, metrics, logger);
  opened.push(() => rows.close());
  const quotas = await openQuotas(rows, { service: domain.name, config, clock, metrics, logger });
  opened.push(() => Promise.resolve(quotas.stop()));
  edge.connections.admitToTenant = quotas.tenants.admitConnection;
  const { storage } = quotas;
  const access = await ServiceAccess.open(config, {
    store: storage.apiKeys,
    clock,
    ids,
    logger,
    certificates: edge.certificates,
  });
  opened.push(() => access.stop());
  const telemetry = await openTelemetry({ name: domain.name, config, clock, metrics });
  opened.push(() => telemetry.stop());
  const broker = await domain.openBroker({ config, clock, ids, metrics });
  const reader = domain.events.reader({ clock, ids, metrics });
  const parts = await openParts(
    {
      domain,
      reader,
      config,
      roles,
      clock,
      ids,
      metrics,
      logger,
      access: access.control,
      edge,
      telemetry,
      quotas: quotas.tenants,
    },
    broker,
    storage,
  );
  access.watch(parts.sessions);
  quotas.share(parts.fanOut);
  opened.push(async () => {
    await drainStreams(parts);
    await closePipeline(parts);
  });
  const dependencies: HealthCheck[] = [
    { name: 'database', check: () => storage.check() },
    { name: 'broker', kind: parts.brokerKind, check: () => checkBroker(broker) },
  ];
  const readCaching = openReadCaching({ name: domain.name, config, clock, ids, metrics });
  const auditing = openAuditing(storage.audit, {
    config,
    clock,
    ids,
    metrics,
    logger,
    settings: domain.config,
  });
  const observability = openObservability(parts, {
    config,
    clock,
    registry,
    metrics,
    logger,
    telemetry,
    deliveries: storage.deliveries,
    roles,
  });
  const features = domain.createFeatures(parts, {
    config,
    roles,
    clock,
    ids,
    metrics,
    logger,
    dependencies,
    observability,
  });
  await startReading(parts, { roles, clock });
  const health = new HealthService(lifecycle, dependencies, clock, config.HEALTH_CHECK_TIMEOUT_MS, config.ROLES);
  const adapter = createHttpAdapter({
    policy,
    ids,
    maxBodyBytes: config.MAX_BODY_BYTES,
    tls: edge.tls,
    guard: (made) => {
      telemetry.watch(made);
      edge.guard(made, auditing.failures);
    },
    access: access.control,
  });
  const routes = recordRoutes(adapter);
  takeBodies(adapter, features.bodies);
  const app = await NestFactory.create<NestFastifyApplication>(
    ServiceModule.of({
      ...parts,
      domain,
      features,
      roles,
      administration: administration(parts, {
        prefix: domain.prefix,
        clock,
        logger,
        observability,
        auditing,
        access,
        quotas,
        readCaching,
        topicFigures: features.topicFigures,
      }),
      health,
      registry,
      logger,
    }),
    adapter,
    { logger: new NestLogger(logger), abortOnError: false },
  );
  app.useGlobalInterceptors(auditing.interceptor, readCaching.interceptor);
  if (roles.has('api')) readCaching.connect(app, features);
  app.useWebSocketAdapter(
    new StreamWebSocketAdapter(
      app,
      ({ headers }) => decideHostOrigin(headers.host, headers.origin, policy).isAllowed,
      access.control,
      {
        maxFrameBytes: config.MAX_FRAME_BYTES,
        deflates: config.WEBSOCKET_DEFLATE === 'on',
        refuse: (request) => edge.refuseHandshake(request),
      },
    ),
  );
  const grpc = await connectGrpc(app, {
    host: config.HOST,
    port: config.GRPC_PORT,
    contract: domain.grpc,
    roles,
    policy,
    edge,
    auditing,
    access: access.control,
    telemetry,
  });
  const openApi = setupOpenApi(app, {
    ...domain.api,
    version: '1',
    domain: domain.vocabulary,
  });
  lifecycle.onStart({
    name: 'listen',
    deadlineMs: STEP_DEADLINE_MS,
    run: async () => {
      await app.startAllMicroservices();
      await app.listen(config.PORT, config.HOST);
    },
  });
  lifecycle.onStart({
    name: 'features',
    deadlineMs: STEP_DEADLINE_MS,
    run: async () => {
      features.start();
      observability.start();
      auditing.start();
      if (roles.has('api')) await readCaching.start(features.preloaded);
    },
  });
  // Clients first, then the doors, then what is behind them, so that nothing acknowledged is lost.
  const drainSteps: [name: string, run: () => Promise<void>, deadlineMs?: number][] = [
    ['health', () => Promise.resolve(grpc.tell('NOT_SERVING'))],
    ['features', () => features.stop()],
    ['observability', () => observability.stop()],
    ['streams', () => drainStreams(parts)],
    ['grpc', () => grpc.finish(), GRPC_FINISH_MS],
    ['doors', () => app.close()],
    ['pipeline', () => closePipeline(parts)],
    ['telemetry', () => telemetry.stop()],
    ['auditing', () => auditing.stop()],
    ['read_caching', () => readCaching.stop()],
    ['quotas', () => Promise.resolve(quotas.stop())],
    ['access', () => access.stop()],
    ['storage', () => storage.close()],
    ['edge', () => Promise.resolve(edge.stop())],
  ];
  for (const [name, run, deadlineMs = STEP_DEADLINE_MS] of drainSteps) lifecycle.onDrain({ name, deadlineMs, run });
  return { app, edge, grpc, lifecycle, openApi, routes, calls: telemetry.calls };
}
