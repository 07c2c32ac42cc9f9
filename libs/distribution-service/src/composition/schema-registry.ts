import {
  type Clock,
  type DeadLetters,
  ExternalPayloads,
  type IdSource,
  type Metrics,
  type PayloadCodec,
  type PayloadEvent,
  type PayloadFormat,
  type ReadDocument,
} from '@distributary/distribution-core';
import { AvroCodec, registryAddress, RegistryClient, Schemas } from '@distributary/schema-registry';
import type { ServiceConfig } from '../config/service.config.js';

export interface SchemaRegistrySurroundings {
  readonly config: ServiceConfig;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly metrics: Metrics;
  /** What others write, as an event of this service. */
  readonly eventOf: PayloadEvent;
  readonly readDocument: ReadDocument;
}

/** How payloads of others are read: JSON, and Avro by the schemas of a registry; without one there is nothing of that. */
export interface SchemaRegistryParts {
  readonly codec: PayloadCodec | undefined;
  /** What payloads of topics that others write can be. */
  readonly payloadFormats: readonly PayloadFormat[];
  payloadsOf(letters: Pick<DeadLetters, 'sinkOf'>): ExternalPayloads;
  close(): Promise<void>;
}

export function openSchemaRegistry({
  config,
  clock,
  ids,
  metrics,
  eventOf,
  readDocument,
}: SchemaRegistrySurroundings): SchemaRegistryParts {
  const address = registryAddress(config);
  const registry = address === undefined ? undefined : new RegistryClient({ ...address, clock, ids, metrics });
  const codec =
    registry === undefined ? undefined : new AvroCodec({ schemas: new Schemas({ registry, clock, metrics }) });
  return {
    codec,
    payloadFormats: codec === undefined ? ['none', 'json'] : ['none', 'json', 'avro'],
    payloadsOf: (letters) =>
      new ExternalPayloads({
        codec,
        sinkOf: (owner) => letters.sinkOf(owner),
        eventOf,
        readDocument,
        metrics,
        clock,
      }),
    close: async () => registry?.close(),
  };
}
