import { type BodyTypes, LOGGER, type Logger, OTLP_PROTOBUF, OtlpCodec } from '@distributary/distribution-nest';
import { type DynamicModule, Module } from '@nestjs/common';
import type { EventsService } from '../events/events.service.js';
import { OtlpController } from './otlp/otlp.controller.js';
import { OtlpService } from './otlp/otlp.service.js';

/** What the controllers below are sent besides JSON. */
export const ADAPTER_BODIES: BodyTypes = {
  json: ['application/cloudevents+json', 'application/cloudevents-batch+json'],
  bytes: [OTLP_PROTOBUF],
};

/** Ways in for those who speak another protocol than ours. */
@Module({})
export class IngestAdaptersModule {
  static of({ events, logger }: { readonly events: EventsService; readonly logger: Logger }): DynamicModule {
    const codec = new OtlpCodec();
    return {
      module: IngestAdaptersModule,
      controllers: [OtlpController],
      providers: [
        { provide: OtlpCodec, useValue: codec },
        { provide: OtlpService, useValue: new OtlpService(codec, events) },
        { provide: LOGGER, useValue: logger },
      ],
    };
  }
}
