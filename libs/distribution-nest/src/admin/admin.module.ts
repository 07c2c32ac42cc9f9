import { IdempotentCalls } from '@distributary/distribution-core';
import { type DynamicModule, Global, Module, type Type } from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import { LOGGER, type Logger } from '../logging/logger.js';

export interface AdminSettings {
  /** Where the service has its REST resources: `api/v1/monitoring`. */
  readonly prefix: string;
  /** One module per area, `TopicsModule.of(…)`; its controllers are `@Controller('<resource>')`. */
  readonly areas: readonly DynamicModule[];
  readonly logger: Logger;
  /** Which creating requests have been carried out. */
  readonly idempotency: IdempotentCalls;
}

/** What the administrative controllers of every area need beside their own services. */
@Global()
@Module({})
class AdminSurroundings {
  static of({ logger, idempotency }: Pick<AdminSettings, 'logger' | 'idempotency'>): DynamicModule {
    return {
      module: AdminSurroundings,
      providers: [
        { provide: LOGGER, useValue: logger },
        { provide: IdempotentCalls, useValue: idempotency },
      ],
      exports: [LOGGER, IdempotentCalls],
    };
  }
}

/**
 * The administrative resources, the same in every service, under each service's own prefix. An area is a Nest module with
 * its controllers (REST and gRPC) and the services that they call; it knows no prefix and no service.
 */
@Module({})
export class AdminModule {
  static of({ prefix, areas, ...surroundings }: AdminSettings): DynamicModule {
    const children = areas.map(({ module }): Type => module as Type);
    return {
      module: AdminModule,
      imports: [AdminSurroundings.of(surroundings), ...areas, RouterModule.register([{ path: prefix, children }])],
    };
  }
}
