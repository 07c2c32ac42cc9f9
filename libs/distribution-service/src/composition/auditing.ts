import type { AuditLog, Clock, IdSource, Metrics } from '@distributary/distribution-core';
import {
  adminArea,
  AUDIT_LOG,
  AuditController,
  AuditInterceptor,
  AuditRetention,
  AuditTrail,
  ConfigurationController,
  EffectiveConfiguration,
  FailedAuthentications,
  type Logger,
} from '@distributary/distribution-nest';
import type { DynamicModule } from '@nestjs/common';
import type { z } from 'zod';
import type { ServiceConfig } from '../config/service.config.js';

export interface AuditingSurroundings {
  readonly config: ServiceConfig;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Of which settings there are. */
  readonly settings: z.ZodObject;
}

/** What is written down of administrative acts, and what shows it. */
export interface Auditing {
  readonly interceptor: AuditInterceptor;
  readonly failures: FailedAuthentications;
  readonly areas: readonly DynamicModule[];
  start(): void;
  stop(): Promise<void>;
}

export function openAuditing(log: AuditLog, around: AuditingSurroundings): Auditing {
  const { config, clock, ids, metrics, logger, settings } = around;
  const trail = new AuditTrail({ log, clock, metrics, logger });
  const retention = new AuditRetention(log, clock, logger, config.AUDIT_RETENTION_DAYS);
  const configuration = new EffectiveConfiguration(settings, config);
  return {
    interceptor: new AuditInterceptor(trail, clock, ids),
    failures: new FailedAuthentications(trail, clock, ids),
    areas: [
      adminArea('Audit', [AuditController], [[AUDIT_LOG, log]]),
      adminArea('Configuration', [ConfigurationController], [[EffectiveConfiguration, configuration]]),
    ],
    start: () => retention.start(),
    stop: async () => {
      retention.stop();
      await trail.stop();
    },
  };
}
