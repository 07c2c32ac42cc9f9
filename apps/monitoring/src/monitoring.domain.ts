import { SystemIds } from '@distributary/distribution-nest';
import type { Domain } from '@distributary/distribution-service';
import { openBroker } from './composition/broker.js';
import { createFeatures } from './composition/features.js';
import { type MonitoringConfig, monitoringConfig } from './config/monitoring.config.js';
import { DEAD_LETTER_RETENTION, monitoringTopics, SERVICE } from './events/default-topics.js';
import { monitoringEvents } from './events/event-form.js';
import { monitoringAsyncApi } from './stream/async-api-text.js';
import { MONITORING_GRPC } from './stream/grpc-contract.js';
import { monitoringVocabulary } from './stream/monitoring-vocabulary.js';
import { MonitoringSubscriptionEntity } from './subscriptions/monitoring-subscription.entity.js';
import { MonitoringTopicEntity } from './topics/monitoring-topic.entity.js';

/** Metrics, alerts, incidents and the status of services, over Kafka or the log in files. */
export const monitoringDomain: Domain<MonitoringConfig> & { readonly config: typeof monitoringConfig } = {
  name: SERVICE,
  prefix: `api/v1/${SERVICE}`,
  api: {
    title: 'Distributary monitoring',
    description: 'Metrics, alerts, incidents and status of your services: ingest them here, watch them live.',
  },
  config: monitoringConfig,
  grpc: MONITORING_GRPC,
  vocabulary: monitoringVocabulary,
  events: monitoringEvents,
  topics: {
    initial: monitoringTopics,
    deadLetterRetention: DEAD_LETTER_RETENTION,
  },
  tables: {
    owner: 'monitoring',
    topics: MonitoringTopicEntity,
    subscriptions: { entity: MonitoringSubscriptionEntity },
    sharedSchema: 'distribution',
  },
  asyncApi: monitoringAsyncApi,
  openBroker,
  createFeatures,
  settingsOfProcesses: ({ KAFKA_INSTANCE }) => {
    // Without a name of this machine it is a new one, so that two machines never take each other's work for their own.
    const instance = KAFKA_INSTANCE ?? new SystemIds().uuid();
    return (name) => ({ KAFKA_INSTANCE: `${instance}.${name}` });
  },
};
