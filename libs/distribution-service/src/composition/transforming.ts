import {
  type Clock,
  type DeadLetters,
  LookupTables,
  type Metrics,
  type PayloadCodec,
  Transformations,
  UntransformedLetters,
} from '@distributary/distribution-core';
import {
  adminArea,
  LookupTablesController,
  LookupTablesService,
  TransformationsController,
  TransformationsService,
} from '@distributary/distribution-nest';
import type { DynamicModule } from '@nestjs/common';
import type { ServiceConfig } from '../config/service.config.js';
import type { Storage } from './storage.js';

/** What subscriptions and rules may make of events. */
export interface Transforming {
  readonly transformations: Transformations;
  readonly area: DynamicModule;
  /** What transformations fail on and want kept is kept there from now on. */
  buryIn(letters: Pick<DeadLetters, 'sinkOf'>): void;
  close(): Promise<void>;
}

export interface TransformingSurroundings {
  readonly config: Pick<ServiceConfig, 'REDACTION_KEYS'>;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Undefined: events are written as JSON alone. */
  readonly codec?: PayloadCodec | undefined;
}

export function createTransforming(
  { config, clock, metrics, codec }: TransformingSurroundings,
  storage: Pick<Storage, 'transformations' | 'lookupTables'>,
): Transforming {
  const tables = new LookupTables(storage.lookupTables, clock, metrics);
  const transformations = new Transformations({
    store: storage.transformations,
    lookups: tables,
    keys: config.REDACTION_KEYS,
    codec,
    clock,
    metrics,
  });
  const named = new TransformationsService({ store: storage.transformations, transformations, clock });
  const lookups = new LookupTablesService({ store: storage.lookupTables, tables, clock });
  const area = adminArea(
    'Transformations',
    [TransformationsController, LookupTablesController],
    [
      [TransformationsService, named],
      [LookupTablesService, lookups],
    ],
  );
  let untransformed: UntransformedLetters | undefined;
  return {
    transformations,
    area,
    buryIn: (letters) => {
      untransformed = new UntransformedLetters({ sinkOf: (owner) => letters.sinkOf(owner), clock, metrics });
      transformations.onDeadLetter = untransformed.take;
    },
    close: async () => untransformed?.close(),
  };
}
