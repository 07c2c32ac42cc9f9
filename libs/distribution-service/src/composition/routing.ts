import {
  EventRouter,
  type ExternalPayloads,
  type LaneGroups,
  type Log,
  type Problem,
  RuleTransformations,
  type Transformations,
  RuleAdmin,
  RuleDirectory,
  type TopicDirectory,
  TopicRouter,
} from '@distributary/distribution-core';
import { adminArea, RoutingController, RoutingGrpc, RoutingService } from '@distributary/distribution-nest';
import type { DynamicModule } from '@nestjs/common';
import { type PublishedEvent, refuseIfAny } from '../publishing/published-event.js';
import type { Surroundings } from './parts.js';
import type { Storage } from './storage.js';

/** The rules of this process, and what applies them. */
export interface Routing {
  readonly router: EventRouter;
  /** For the administration. */
  readonly area: DynamicModule;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface RoutingParts {
  readonly log: Log;
  readonly storage: Storage;
  readonly directory: TopicDirectory;
  readonly transformations: Transformations;
  readonly payloads: ExternalPayloads;
  /** With them, routers share lanes by the broker's groups, else by terms in the database. */
  readonly groups: LaneGroups | undefined;
}

export function createRouting(around: Surroundings, parts: RoutingParts): Routing {
  const { log, storage, directory: topics, transformations } = parts;
  const { clock, ids, metrics, logger, roles, domain, reader } = around;
  const onError = (error: unknown) => logger.error('routing.rules_not_applied', { error });
  const transforms = new RuleTransformations({ transformations, clock, metrics, onError });
  const directory = new RuleDirectory({
    store: storage.routingRules,
    topics,
    clock,
    metrics,
    prepare: (rules, isStrict) => transforms.prepare(rules, isStrict),
    transformOf: transforms.transformOf,
    onError,
  });
  const router = new EventRouter({
    topics,
    restate: domain.events.restate,
    metrics,
    maxEventBytes: domain.events.maxBytes,
    topicProblem: domain.events.topicProblem,
  });
  const external = new TopicRouter({
    log,
    topics,
    router,
    ownership: storage.cursors,
    groups: parts.groups,
    payloads: parts.payloads,
    clock,
    ids,
    metrics,
    onError: (error) => logger.error('routing.lane_failed', { error }),
  });
  directory.onTable((table) => {
    router.use(table);
    transforms.use(table.rules.map(({ rule }) => rule));
  });
  const service = new RoutingService({
    rules: new RuleAdmin({ directory, router, topics, clock, ids }),
    readEvent: (event) => {
      const problems: Problem[] = [];
      const read = reader.read(event, 0, problems);
      refuseIfAny(problems);
      return read as PublishedEvent;
    },
  });
  return {
    router,
    area: adminArea('Routing', [RoutingController, RoutingGrpc], [[RoutingService, service]]),
    start: async () => {
      await directory.start();
      transforms.watch(() => directory.recompile());
      // Rules on ingested topics run wherever events come in; the others in routers alone.
      if (roles.has('router')) external.start();
    },
    stop: async () => {
      transforms.stop();
      await directory.stop();
      await external.stop();
    },
  };
}
