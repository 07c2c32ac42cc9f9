import { pulsarConfig, pulsarRules } from '@distributary/broker-pulsar';
import { authenticationRules, httpConfig, portText, processRules, setting } from '@distributary/distribution-nest';
import { serviceConfig } from '@distributary/distribution-service';
import { archiveConfig } from '../archive/archive.config.js';
import { demoConfig } from '../demo/demo.config.js';
import { statisticsConfig } from '../statistics/statistics.config.js';
import { schemaRegistryRules } from '@distributary/schema-registry';
import type { z } from 'zod';

/** All settings of the service. */
export const marketDataConfig = serviceConfig
  .extend(pulsarConfig.shape)
  .extend(statisticsConfig.shape)
  .extend(demoConfig.shape)
  .extend(archiveConfig.shape)
  .extend({
    PORT: setting(portText(), { about: httpConfig.shape.PORT.description ?? '', default: '7102' }),
    GRPC_PORT: setting(portText(), { about: httpConfig.shape.GRPC_PORT.description ?? '', default: '7202' }),
  })
  .check(authenticationRules, processRules, pulsarRules, schemaRegistryRules);

export type MarketDataConfig = Readonly<z.output<typeof marketDataConfig>>;
