import type { Clock, Metrics } from '@distributary/distribution-core';
import { type Logger, SystemClock } from '@distributary/distribution-nest';
import {
  createDataSource,
  EmbeddedPostgres,
  migrate,
  type PersistenceConfig,
  PostgresAuditLog,
  PostgresIdempotencyStore,
  PostgresApiKeyStore,
  PostgresCursorStore,
  PostgresDailyDeliveryStore,
  PostgresQuotaStore,
  PostgresDeadLetterStore,
  PostgresLookupTables,
  PostgresTransformationStore,
  PostgresRoutingRuleStore,
  PostgresSubscriptionStore,
  PostgresTopicCatalog,
} from '@distributary/persistence';
import type { Tables } from '../domain.js';
import type { Storage } from './storage.js';

/** The configured PostgreSQL, or one of our own; migrated either way. */
export async function openStorage(
  tables: Tables,
  config: PersistenceConfig,
  clock: Clock,
  metrics: Metrics,
  logger: Logger,
): Promise<Storage> {
  const embedded =
    config.DATABASE_URL === undefined ? await EmbeddedPostgres.start({ directory: config.DATA_DIR }) : undefined;
  const url = embedded?.url ?? config.DATABASE_URL?.reveal() ?? '';
  logger.info('storage.opened', { embedded: embedded !== undefined });
  const timeouts = metrics.counter(
    'database_timeouts_total',
    'Connections closed because PostgreSQL had not answered a query in time',
  );
  const server = { url, queryTimeoutMs: config.DATABASE_TIMEOUT_MS, onQueryTimeout: () => timeouts.add() };
  const shared = createDataSource({ ...server, owner: 'distribution', schema: tables.sharedSchema });
  const own = createDataSource({
    ...server,
    owner: tables.owner,
    entities: [tables.topics, tables.subscriptions.entity],
  });
  try {
    for (const dataSource of [shared, own]) {
      await dataSource.initialize();
      await migrate(dataSource);
    }
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
  const cursors = new PostgresCursorStore(shared);
  return {
    own,
    topics: new PostgresTopicCatalog(own, tables.topics),
    subscriptions: new PostgresSubscriptionStore(own, tables.subscriptions, cursors),
    cursors,
    deadLetters: new PostgresDeadLetterStore(shared),
    apiKeys: new PostgresApiKeyStore(shared, clock),
    routingRules: new PostgresRoutingRuleStore(tables.hasRoutingRules === true ? own : shared, new SystemClock()),
    audit: new PostgresAuditLog(shared),
    idempotency: new PostgresIdempotencyStore(shared),
    deliveries: new PostgresDailyDeliveryStore(shared),
    quotas: new PostgresQuotaStore(shared),
    transformations: new PostgresTransformationStore(shared),
    lookupTables: new PostgresLookupTables(shared),
    check: async () => void (await shared.query('SELECT 1')),
    close: async () => {
      await Promise.all([shared, own].map((dataSource) => dataSource.destroy()));
      await embedded?.stop();
    },
  };
}
