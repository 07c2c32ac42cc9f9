import { kafkaConfig } from '@distributary/broker-kafka/config';
import { authenticationRules, processRules } from '@distributary/distribution-nest';
import { serviceConfig } from '@distributary/distribution-service';
import { schemaRegistryRules } from '@distributary/schema-registry';
import type { z } from 'zod';
import { hostProbeConfig } from '../host-probe/host-probe.config.js';
import { kafkaRules } from './kafka-rules.js';

/** All settings of the service. */
export const monitoringConfig = serviceConfig
  .extend(kafkaConfig.shape)
  .extend(hostProbeConfig.shape)
  .check(authenticationRules, processRules, kafkaRules, schemaRegistryRules);

export type MonitoringConfig = Readonly<z.output<typeof monitoringConfig>>;
