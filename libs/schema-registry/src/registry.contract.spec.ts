import { noMetrics } from '@distributary/distribution-core';
import { RegistryClient } from './registry-client.js';
import { describeSchemaRegistryContract } from '@distributary/distribution-core/testing';
import { InMemorySchemaRegistry } from './testing/in-memory-schema-registry.js';
import { RegistryServer } from './testing/registry-server.js';
import { systemClock } from './testing/system-clock.js';

describeSchemaRegistryContract('InMemorySchemaRegistry', () => {
  const registry = new InMemorySchemaRegistry();
  return Promise.resolve({
    registry,
    requireBackward: (subject) => Promise.resolve(registry.setRule(subject, 'BACKWARD')),
    goAway: () => Promise.resolve(void (registry.isAway = true)),
    end: () => registry.close(),
  });
});

describeSchemaRegistryContract('RegistryClient', async () => {
  const server = await RegistryServer.start();
  const registry = new RegistryClient({
    url: server.url,
    clock: systemClock,
    ids: { uuid: () => 'id', random: () => 0 },
    metrics: noMetrics,
  });
  return {
    registry,
    requireBackward: (subject) => Promise.resolve(server.registry.setRule(subject, 'BACKWARD')),
    goAway: () => server.stop(),
    end: async () => {
      await registry.close();
      await server.stop();
    },
  };
});
