import type { IncomingHttpHeaders } from 'node:http';
import {
  CLOUD_EVENT,
  CLOUD_EVENT_BATCH,
  cloudEventSchema,
  MAX_EVENTS_PER_REQUEST,
  NDJSON,
  publishAnswerSchema,
  publishBodySchema,
  publishLinesSchema,
} from '@distributary/contracts';
import {
  ApiContract,
  CurrentPrincipal,
  NotAudited,
  readCloudEvents,
  TakesUnparsedJson,
  UnparsedBody,
} from '@distributary/distribution-nest';
import type { Principal } from '@distributary/distribution-core';
import { Body, Controller, Header, Headers, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { monitoringInputsOf } from '../ingest-adapters/cloudevents/monitoring-input.js';
import { EventsService } from '@distributary/distribution-service';

@ApiTags('events')
@Controller('api/v1/monitoring/events')
@NotAudited()
export class EventsController {
  constructor(private readonly events: EventsService) {}

  @Post()
  @TakesUnparsedJson()
  @Header('content-type', 'application/json; charset=utf-8')
  @ApiContract({
    summary: 'Publish monitoring events',
    description:
      'One event, a list, or { "events": [...] }; at most 1,000. Idempotent by event_id. Also one event a line ' +
      '(application/x-ndjson), and CloudEvents 1.0, structured, in batches, or in binary mode with ce- headers: their type ' +
      'says the data type.',
    headers: z.object({
      'ce-specversion': z
        .literal('1.0')
        .optional()
        .describe('With it the body is the data of a CloudEvent in binary mode'),
    }),
    body: {
      'application/json': publishBodySchema,
      [NDJSON]: publishLinesSchema,
      [CLOUD_EVENT]: cloudEventSchema,
      [CLOUD_EVENT_BATCH]: z.array(cloudEventSchema).min(1).max(MAX_EVENTS_PER_REQUEST),
    },
    status: 202,
    response: publishAnswerSchema,
    responseDescription: 'The broker has the events; one result for each, in their order.',
    errors: ['topic.not_found', 'event.key_conflict', 'schema.rejected', 'ingest.busy', 'broker.unavailable'],
  })
  async publish(
    @Body() body: unknown,
    @Headers() headers: IncomingHttpHeaders,
    @CurrentPrincipal() principal: Principal,
  ): Promise<Buffer> {
    const isUnparsed = body instanceof UnparsedBody;
    if (isUnparsed && body.mediaType === NDJSON) return this.events.ingestLines(body, principal);
    if (isUnparsed && headers['ce-specversion'] === undefined) return this.events.ingestBody(body, principal);
    const parsed = isUnparsed ? body.parse() : body;
    const cloudEvents = readCloudEvents(headers, parsed);
    const events = cloudEvents === undefined ? parsed : { events: monitoringInputsOf(cloudEvents) };
    return Buffer.from(JSON.stringify(await this.events.ingest(events, principal)));
  }
}
