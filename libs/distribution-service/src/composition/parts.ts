import {
  AwaitedTopics,
  type Clock,
  FanOut,
  type FlushObserver,
  History,
  type IdSource,
  Ingest,
  IngestShare,
  ingestWithinQuota,
  type Log,
  type Metrics,
  observers,
  type TenantQuotas,
  TopicDirectory,
} from '@distributary/distribution-core';
import {
  type AccessControl,
  type Logger,
  PublishCalls,
  type Roles,
  SseDoor,
  StreamSessions,
  TracedIngest,
  tracedLog,
  WebSocketDoor,
} from '@distributary/distribution-nest';
import type { ServiceConfig } from '../config/service.config.js';
import type { Domain } from '../domain.js';
import { IngestPublisher } from '../publishing/publisher.js';
import { EventsService } from '../publishing/events.service.js';
import { documentReader } from '../publishing/external-documents.js';
import { HistoryService } from '../publishing/history.service.js';
import type { EventReader } from '../publishing/published-event.js';
import type { Broker } from './broker.js';
import type { Edge } from './edge.js';
import { DeliveryStatistics } from './delivery-statistics.js';
import { createGuarantees, type Guarantees } from './guarantees.js';
import { createRouting, type Routing } from './routing.js';
import { createManagement, type Management } from './management.js';
import { openSchemaRegistry, type SchemaRegistryParts } from './schema-registry.js';
import type { Storage } from './storage.js';
import type { Telemetry } from './telemetry.js';
import { createTransforming, type Transforming } from './transforming.js';

export interface Surroundings {
  readonly domain: Pick<Domain, 'name' | 'vocabulary' | 'events' | 'topics'>;
  /** Of this process. */
  readonly reader: EventReader;
  readonly config: ServiceConfig;
  readonly roles: Roles;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly access: AccessControl;
  readonly telemetry: Telemetry;
  readonly edge: Edge;
  readonly quotas: TenantQuotas;
}

/** The pipeline of the service, from ingest to the doors, without Nest. */
export interface Parts {
  readonly brokerKind: Broker['kind'];
  readonly log: Log;
  readonly storage: Storage;
  readonly directory: TopicDirectory;
  readonly fanOut: FanOut;
  readonly publisher: IngestPublisher<unknown>;
  /** What the doors publish by. */
  readonly events: EventsService;
  readonly history: HistoryService;
  readonly sessions: StreamSessions;
  readonly guarantees: Guarantees;
  readonly management: Management;
  readonly transforming: Transforming;
  readonly publishCalls: PublishCalls;
  readonly webSocketDoor: WebSocketDoor;
  readonly sseDoor: SseDoor;
  readonly statistics: DeliveryStatistics;
  readonly routing: Routing;
  readonly schemaRegistry: SchemaRegistryParts;
  /** Tells of each flush from now on. */
  observe(observer: FlushObserver): void;
}

/** Who reads what passes: the newest values, live streams, figures that rules look at. A router alone does not. */
export const READERS = ['api', 'gateway', 'worker'] as const;

/** Older values of a great log go on being read when the service is ready; snapshots of their topics wait for them. */
const LAST_VALUES_WAIT_MS = 10_000;

export async function openParts(around: Surroundings, broker: Broker, storage: Storage): Promise<Parts> {
  const { domain, config, clock, ids, metrics, logger } = around;
  const { kind: brokerKind, log, groups, competing } = broker;
  const onUnexpected = (error: unknown) => logger.error('service.unexpected_error', { error });
  logger.info('broker.opened', { broker: brokerKind });
  const directory = new TopicDirectory({ catalog: storage.topics, log, clock, metrics, onError: onUnexpected });
  const fanOut = new FanOut({
    log,
    clock,
    metrics,
    limits: {
      segmentBytes: config.SEGMENT_MEMORY_BYTES,
      rewindMs: config.REWIND_MS,
      blockTimeoutMs: config.BLOCK_TIMEOUT_MS,
      dropOldestKeeps: config.DROP_OLDEST_KEEPS,
    },
  });
  const { tracing } = around.telemetry;
  fanOut.tracing = tracing;
  let told: readonly FlushObserver[] = [around.telemetry.statistics];
  const observe = (observer: FlushObserver) => {
    told = [...told, observer];
    fanOut.observer = observers(told);
  };
  fanOut.observer = observers(told);
  const statistics = new DeliveryStatistics(clock);
  fanOut.onDelivered = (latencyMs, deliveries) => statistics.delivered(latencyMs, deliveries);
  around.telemetry.statistics.onFailed = (deliveries) => statistics.failed(deliveries);
  const schemaRegistry = openSchemaRegistry({
    ...around,
    eventOf: domain.events.external,
    readDocument: documentReader(around.reader, domain.events.publishedForm),
  });
  const transforming = createTransforming({ ...around, codec: schemaRegistry.codec }, storage);
  const { transformations } = transforming;
  const management = createManagement(around, { log, storage, directory, fanOut, transformations, competing });
  const { live } = management;
  const guarantees = createGuarantees(around, { log, storage, directory, fanOut, competing, live });
  transforming.buryIn(guarantees.letters);
  const routing = createRouting(around, {
    log,
    storage,
    directory,
    transformations,
    payloads: schemaRegistry.payloadsOf(guarantees.letters),
    groups,
  });
  try {
    await directory.start(domain.topics.initial());
    await routing.start();
  } catch (error) {
    directory.stop();
    await routing.stop();
    await fanOut.stop();
    await schemaRegistry.close();
    await log.close();
    throw error;
  }

  const ingest = new Ingest({
    log: tracing === undefined ? log : tracedLog(log, tracing),
    topics: directory,
    clock,
    metrics,
    router: routing.router,
    topicProblem: domain.events.topicProblem,
  });
  const published = tracing === undefined ? ingest : new TracedIngest(ingest, tracing);
  const publisher = new IngestPublisher(
    ingestWithinQuota(published, around.quotas),
    around.reader,
    new AwaitedTopics({ topics: directory, clock, metrics }),
  );
  const ingestShare = new IngestShare({
    clock,
    metrics,
    lagMs: () => fanOut.lagMs(),
    limits: { maxWaitMs: config.INGEST_MAX_WAIT_MS },
  });
  const history = new History(log, directory, clock);
  const sessions = new StreamSessions({
    fanOut,
    log,
    subscriptions: storage.subscriptions,
    cursors: storage.cursors,
    competing: guarantees.competing,
    handovers: guarantees.handovers,
    replays: guarantees.replays,
    outcomes: guarantees.outcomes,
    live: management.live,
    transformations: transforming.transformations,
    clock,
    ids,
    metrics,
    vocabulary: domain.vocabulary,
    history,
    catalogVersion: () => directory.version,
    lookAtCatalog: () => directory.look(),
    publish: (events, principal) => ingestShare.run(0, () => publisher.publish(events, principal)),
    onUnexpected,
    access: around.access,
    aroundCommand: around.telemetry.aroundCommand,
    maxSessions: config.MAX_SESSIONS,
    admission: around.edge.connections,
    onRefused: (code, address) => around.edge.refused(code, address),
    maxFrameBytes: config.MAX_FRAME_BYTES,
    limits: { ...guarantees.limits, maxSubscriptions: config.MAX_SUBSCRIPTIONS_PER_SESSION },
  });
  return {
    brokerKind,
    log,
    storage,
    directory,
    fanOut,
    publisher,
    events: new EventsService(publisher, ingestShare, clock, around.reader),
    history: new HistoryService(history, domain.vocabulary),
    sessions,
    guarantees,
    management,
    transforming,
    publishCalls: new PublishCalls(sessions.deps),
    webSocketDoor: new WebSocketDoor(sessions),
    sseDoor: new SseDoor(sessions),
    statistics,
    routing,
    schemaRegistry,
    observe,
  };
}

/**
 * What passes is read from here on, that of topics that are created later too: the newest values are asked for over REST
 * whether or not anyone is subscribed. Resolves when those of state are known, or have been read for a while.
 */
export async function startReading(
  { directory, fanOut }: Parts,
  { roles, clock }: Pick<Surroundings, 'roles' | 'clock'>,
) {
  if (!READERS.some((role) => roles.has(role))) return;
  directory.onChange((topics) => fanOut.pin(topics.map(({ name }) => name)));
  await directory.refresh();
  await Promise.race([fanOut.whenLastValuesComplete(), afterMs(clock, LAST_VALUES_WAIT_MS)]);
}

/** Tells the clients to come back and stores what they acknowledged. */
export async function drainStreams(parts: Parts): Promise<void> {
  parts.webSocketDoor.stop();
  parts.directory.stop();
  parts.management.live.stop();
  await Promise.all([parts.publishCalls.drain(), parts.sessions.drain()]);
  await parts.transforming.close();
  await parts.guarantees.close();
}

/** To be called when nothing comes in any more. */
export async function closePipeline(parts: Parts): Promise<void> {
  await parts.routing.stop();
  await parts.schemaRegistry.close();
  await parts.fanOut.stop();
  await parts.log.close();
}

const afterMs = (clock: Clock, ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));
