import { CLOUD_EVENT, CLOUD_EVENT_BATCH, NDJSON } from '@distributary/contracts';
import type { Metrics } from '@distributary/distribution-core';
import { type BodyTypes, LOGGER, type Logger, OTLP_PROTOBUF, OtlpCodec } from '@distributary/distribution-nest';
import { type DynamicModule, Module } from '@nestjs/common';
import type { EventsService } from '@distributary/distribution-service';
import { AlertmanagerController } from './alertmanager/alertmanager.controller.js';
import { AlertmanagerService } from './alertmanager/alertmanager.service.js';
import { OtlpController } from './otlp/otlp.controller.js';
import { OtlpService } from './otlp/otlp.service.js';

/** What the controllers below are sent besides JSON. */
export const ADAPTER_BODIES: BodyTypes = {
  json: [CLOUD_EVENT, CLOUD_EVENT_BATCH],
  bytes: [OTLP_PROTOBUF],
  texts: [NDJSON],
};

export interface AdapterParts {
  readonly events: EventsService;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** Ways in for those who speak another protocol than ours. */
@Module({})
export class IngestAdaptersModule {
  static of({ events, metrics, logger }: AdapterParts): DynamicModule {
    const codec = new OtlpCodec();
    return {
      module: IngestAdaptersModule,
      controllers: [AlertmanagerController, OtlpController],
      providers: [
        { provide: OtlpCodec, useValue: codec },
        { provide: OtlpService, useValue: new OtlpService(codec, events) },
        { provide: AlertmanagerService, useValue: new AlertmanagerService(events, logger, metrics) },
        { provide: LOGGER, useValue: logger },
      ],
    };
  }
}
