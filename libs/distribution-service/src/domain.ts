import type {
  Clock,
  IdSource,
  Metrics,
  NewTopic,
  PayloadEvent,
  Restate,
  TopicProblem,
} from '@distributary/distribution-core';
import type {
  BodyTypes,
  CachedReads,
  HealthCheck,
  Logger,
  Roles,
  StreamVocabulary,
  TopicFigures,
} from '@distributary/distribution-nest';
import type { SubscriptionTable, TopicRow } from '@distributary/persistence';
import type { DynamicModule, INestApplicationContext, Provider, Type } from '@nestjs/common';
import type { z } from 'zod';
import type { Broker, BrokerSurroundings } from './composition/broker.js';
import type { Observability } from './composition/observability.js';
import type { Parts } from './composition/parts.js';
import type { ServiceConfig } from './config/service.config.js';
import type { PublishedForm } from './publishing/external-documents.js';
import type { EventReader } from './publishing/published-event.js';

/**
 * What one service is about and the others are not: plugged into what all of them are, from the ports that listen to the
 * rows in the database.
 */
export interface Domain<Config extends ServiceConfig = ServiceConfig> {
  /** One word with dashes: in logs, metrics and traces, and before what its processes share in caches. */
  readonly name: string;
  /** Where it has its REST resources, `api/v1/<name>`. */
  readonly prefix: string;
  /** How its REST description begins. */
  readonly api: { readonly title: string; readonly description: string };
  readonly config: z.ZodObject;
  readonly grpc: GrpcContract;
  readonly vocabulary: StreamVocabulary;
  readonly events: EventForm;
  readonly topics: OwnTopics;
  readonly tables: Tables;
  /** What /api/asyncapi.json answers. */
  asyncApi(): object;
  openBroker(around: BrokerSurroundings<Config>): Promise<Broker>;
  createFeatures(parts: Parts, around: FeatureSurroundings<Config>): Features;
  /** Settings by which each of several processes of a machine is told from the others, beside those that all services have. */
  settingsOfProcesses?(config: Config): (name: string) => Readonly<Record<string, string>>;
}

export interface GrpcContract {
  readonly proto: string;
  readonly package: string;
  /** The service whose health is told beside that of the whole server, with its package. */
  readonly service: string;
}

/** How the events of the domain lie in the log, and how they come in. */
export interface EventForm {
  /** Of one event's stored form. */
  readonly maxBytes: number;
  reader(around: { readonly clock: Clock; readonly ids: IdSource; readonly metrics: Metrics }): EventReader;
  /** The stored form of a copy at another place. */
  readonly restate: Restate;
  /** Of what is published, and of copies that rules make. Absent: each event may be in each topic. */
  readonly topicProblem?: TopicProblem;
  /** What others write by schemas of their own, as an event. */
  readonly external: PayloadEvent;
  /** What others write as JSON documents, as `reader` takes it. */
  readonly publishedForm: PublishedForm;
}

export interface OwnTopics {
  /** What the service creates at its first start. */
  readonly initial: () => readonly NewTopic[];
  readonly deadLetterRetention: string;
}

/** Its own rows; what the services share is in tables of the persistence library. */
export interface Tables {
  /** Of its migrations: the folder below `migrations/`. */
  readonly owner: string;
  readonly topics: new () => TopicRow;
  readonly subscriptions: SubscriptionTable;
  /** Whether its routing rules are in a table of its own; else in that of all services. */
  readonly hasRoutingRules?: boolean;
  /** Where it has what each service has (cursors, keys, dead letters); two services may be in one database. */
  readonly sharedSchema: string;
}

export interface FeatureSurroundings<Config extends ServiceConfig = ServiceConfig> {
  readonly config: Config;
  readonly roles: Roles;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** What the service needs; `check` rejects if it is not there. */
  readonly dependencies: readonly HealthCheck[];
  readonly observability: Observability;
}

/** What the domain does beside what all services do, and the doors that lead to it. */
export interface Features {
  /** Those of a role that a process does not have are not there, for callers and documents alike. */
  readonly doors: {
    readonly api: readonly Type[];
    readonly gateway: readonly Type[];
  };
  /** Of the WebSocket door; where the role is `gateway`. */
  readonly gateways: readonly Type[];
  /** More doors of the role `api`. */
  readonly modules: readonly DynamicModule[];
  readonly providers: readonly Provider[];
  /** What its doors are sent besides JSON. */
  readonly bodies: BodyTypes;
  /** Adds the answers that are kept for a while. */
  addReads(reads: CachedReads, app: INestApplicationContext): void;
  /** Of those, the kinds that everybody looks at first, asked for without parameters. */
  readonly preloaded: readonly string[];
  /** Where the figures of topics come from, given those of the broker. Absent: from there. */
  readonly topicFigures?: (own: TopicFigures) => TopicFigures;
  start(): void;
  /** What they still have to say is published first. */
  stop(): Promise<void>;
}
