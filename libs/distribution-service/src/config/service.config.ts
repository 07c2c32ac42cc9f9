import { embeddedConfig } from '@distributary/broker-embedded';
import {
  auditConfig,
  authConfig,
  guaranteesConfig,
  httpConfig,
  integerText,
  limitsConfig,
  performanceConfig,
  quotaConfig,
  rolesConfig,
  setting,
  tlsConfig,
  tracingConfig,
  transformationConfig,
} from '@distributary/distribution-nest';
import { cacheConfig, persistenceConfig } from '@distributary/persistence';
import { schemaRegistryConfig } from '@distributary/schema-registry';
import type { z } from 'zod';
import { subscriptionsConfig } from './subscriptions.config.js';

/** The settings that each service has: those of its parts, and how much its gateway may hold and serve. */
export const serviceConfig = httpConfig
  .extend(rolesConfig.shape)
  .extend(authConfig.shape)
  .extend(embeddedConfig.shape)
  .extend(tlsConfig.shape)
  .extend(limitsConfig.shape)
  .extend(auditConfig.shape)
  .extend(quotaConfig.shape)
  .extend(persistenceConfig.shape)
  .extend(cacheConfig.shape)
  .extend(transformationConfig.shape)
  .extend(schemaRegistryConfig.shape)
  .extend(tracingConfig.shape)
  .extend(performanceConfig.shape)
  .extend(guaranteesConfig.shape)
  .extend(subscriptionsConfig.shape)
  .extend({
    SEGMENT_MEMORY_BYTES: setting(integerText(1_048_576, 68_719_476_736), {
      about: 'Memory for recent events, from which readers that fall behind are served.',
      default: '268435456',
    }),
    REWIND_MS: setting(integerText(0, 3_600_000), {
      about: 'How far back a starting gateway reads, so that returning clients are served from memory.',
      default: '30000',
    }),
    MAX_SESSIONS: setting(integerText(1, 1_000_000), {
      about: 'Client connections at a time, over all transports.',
      default: '15000',
    }),
    BLOCK_TIMEOUT_MS: setting(integerText(1_000, 3_600_000), {
      about: 'A blocked reader that takes nothing for this long is disconnected; it may come back with its cursor.',
      default: '30000',
    }),
    INGEST_MAX_WAIT_MS: setting(integerText(1, 60_000), {
      about: 'While published events wait longer than this for their turn, more are refused with ingest.busy.',
      default: '100',
    }),
    DROP_OLDEST_KEEPS: setting(integerText(1, 1_000_000), {
      about: 'Events that a slow reader with the policy drop-oldest still gets.',
      default: '1000',
    }),
  });

export type ServiceConfig = Readonly<z.output<typeof serviceConfig>>;
