import type {
  ApiKeyStore,
  AuditLog,
  CursorStore,
  DailyDeliveryStore,
  DeadLetterStore,
  IdempotencyStore,
  LookupTableStore,
  QuotaStore,
  RoutingRuleStore,
  SubscriptionStore,
  TopicCatalog,
  TransformationStore,
} from '@distributary/distribution-core';
import type { DataSource } from 'typeorm';

/** The service's rows, whatever database they are in. */
export interface Storage {
  /** The service's own tables, for what only it keeps there. */
  readonly own: DataSource;
  readonly topics: TopicCatalog;
  readonly subscriptions: SubscriptionStore;
  readonly cursors: CursorStore;
  readonly deadLetters: DeadLetterStore;
  readonly apiKeys: ApiKeyStore;
  readonly routingRules: RoutingRuleStore;
  readonly audit: AuditLog;
  readonly idempotency: IdempotencyStore;
  readonly deliveries: DailyDeliveryStore;
  readonly quotas: QuotaStore;
  readonly transformations: TransformationStore;
  readonly lookupTables: LookupTableStore;
  /** Rejects if the database does not answer. */
  check(): Promise<void>;
  close(): Promise<void>;
}
