import type { PayloadFormat } from './payload-codec.port.js';

/**
 * How an event is keyed when state is conflated: newer values of an equal key replace older ones. Attributes come on top of the
 * routing key: each lane conflates for itself, and events of different routing keys may be in different lanes.
 */
export type ConflationKey = 'none' | 'routing_key' | { readonly attributes: readonly string[] };

/** How the payloads of an external topic are read. */
export interface TopicPayload {
  readonly format: Exclude<PayloadFormat, 'none'>;
  /** Of Avro: whose schemas they must have; absent: any of the registry. */
  readonly subject?: string;
}

/** One row of the catalog: what a topic is, apart from its events. */
export interface TopicDefinition {
  /** Slash path, `monitoring/alerts/critical`. */
  readonly name: string;
  readonly tenant: string;
  /** What the broker calls it. */
  readonly brokerName: string;
  readonly dataType: string;
  readonly partitions: number;
  /** `7d`, `12h`, `30m`, optionally with a size: `7d,1GiB`. */
  readonly retentionPolicy: string;
  readonly enabled: boolean;
  /** Ingested: only our ingest writes it. External: others do. */
  readonly origin: 'ingested' | 'external';
  /** Absent: they are not read. */
  readonly payload?: TopicPayload;
  /** 1 is the most urgent, 9 the least. */
  readonly priority: number;
  readonly conflationKey: ConflationKey;
  /** The catalog's version at which it appeared. */
  readonly catalogVersion: number;
  readonly createdAtMicros: number;
}

export type NewTopic = Omit<TopicDefinition, 'catalogVersion' | 'createdAtMicros'>;
export type TopicChange = Partial<Pick<TopicDefinition, 'retentionPolicy' | 'enabled' | 'priority' | 'conflationKey'>>;

/** Looks at the row as it is, while nothing else can change it; what it throws is thrown, and nothing is changed. */
export type TopicCheck = (present: TopicDefinition) => void;

/** Done before anybody sees the row, while nothing else can change the catalog; what it rejects with is thrown, and nothing is changed. */
export type TopicStep = (created: TopicDefinition) => Promise<void>;

/**
 * The topics that exist. Each change raises the catalog's version by at least one, atomically with the change.
 * Failure: `topic.exists`, `topic.not_found`, `store.unavailable`. Calls may overlap.
 */
export interface TopicCatalog {
  version(): Promise<number>;
  list(): Promise<readonly TopicDefinition[]>;
  find(name: string): Promise<TopicDefinition | undefined>;
  create(topic: NewTopic, step?: TopicStep): Promise<TopicDefinition>;
  change(name: string, change: TopicChange, check?: TopicCheck): Promise<TopicDefinition>;
  delete(name: string, check?: TopicCheck): Promise<void>;
  /** Nothing changes the catalog, in whichever process, until the work is done. */
  undisturbed(work: () => Promise<void>): Promise<void>;
}
