import { type DynamicModule, Global, Module, type Type } from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import { LOGGER, type Logger } from '../logging/logger.js';

export interface AdminSettings {
  /** Where the service has its REST resources: `api/v1/monitoring`. */
  readonly prefix: string;
  /** One module per area, `TopicsModule.of(…)`; its controllers are `@Controller('<resource>')`. */
  readonly areas: readonly DynamicModule[];
  readonly logger: Logger;
}

/** What the administrative controllers of every area need beside their own services. */
@Global()
@Module({})
class AdminSurroundings {
  static of(logger: Logger): DynamicModule {
    return {
      module: AdminSurroundings,
      providers: [{ provide: LOGGER, useValue: logger }],
      exports: [LOGGER],
    };
  }
}

/**
 * The administrative resources, the same in every service, under each service's own prefix. An area is a Nest module with
 * its controllers (REST and gRPC) and the services that they call; it knows no prefix and no service.
 */
@Module({})
export class AdminModule {
  static of({ prefix, areas, logger }: AdminSettings): DynamicModule {
    const children = areas.map(({ module }): Type => module as Type);
    return {
      module: AdminModule,
      imports: [AdminSurroundings.of(logger), ...areas, RouterModule.register([{ path: prefix, children }])],
    };
  }
}
