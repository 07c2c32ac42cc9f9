import {
  NDJSON,
  publishAnswerSchema,
  publishMarketDataBodySchema,
  publishMarketDataLinesSchema,
} from '@distributary/contracts';
import {
  ApiContract,
  CurrentPrincipal,
  NotAudited,
  TakesUnparsedJson,
  UnparsedBody,
} from '@distributary/distribution-nest';
import type { Principal } from '@distributary/distribution-core';
import { Body, Controller, Header, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { EventsService } from '@distributary/distribution-service';

@ApiTags('events')
@Controller('api/v1/market-data/events')
@NotAudited()
export class EventsController {
  constructor(private readonly events: EventsService) {}

  @Post()
  @TakesUnparsedJson()
  @Header('content-type', 'application/json; charset=utf-8')
  @ApiContract({
    summary: 'Publish market data',
    description:
      'One event, a list, or { "events": [...] }; at most 1,000. Idempotent by event_id. Also one event a line ' +
      '(application/x-ndjson). Prices of more than 15 digits are texts: a number that would be rounded is refused.',
    body: {
      'application/json': publishMarketDataBodySchema,
      [NDJSON]: publishMarketDataLinesSchema,
    },
    status: 202,
    response: publishAnswerSchema,
    responseDescription: 'The broker has the events; one result for each, in their order.',
    errors: ['topic.not_found', 'event.key_conflict', 'schema.rejected', 'ingest.busy', 'broker.unavailable'],
  })
  async publish(@Body() body: unknown, @CurrentPrincipal() principal: Principal): Promise<Buffer> {
    if (!(body instanceof UnparsedBody)) return Buffer.from(JSON.stringify(await this.events.ingest(body, principal)));
    return body.mediaType === NDJSON
      ? this.events.ingestLines(body, principal)
      : this.events.ingestBody(body, principal);
  }
}
