import { publishAnswerSchema, publishBodySchema } from '@distributary/contracts';
import { ApiContract } from '@distributary/distribution-nest';
import { Body, Controller, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { EventsService } from './events.service.js';

@ApiTags('events')
@Controller('api/v1/monitoring/events')
export class EventsController {
  constructor(private readonly events: EventsService) {}

  @Post()
  @ApiContract({
    summary: 'Publish monitoring events',
    description: 'One event, a list, or { "events": [...] }; at most 1,000. Idempotent by event_id.',
    body: publishBodySchema,
    status: 202,
    response: publishAnswerSchema,
    responseDescription: 'The broker has the events; one result for each, in their order.',
    errors: ['topic.not_found', 'event.key_conflict', 'ingest.busy', 'broker.unavailable'],
  })
  publish(@Body() body: unknown) {
    return this.events.ingest(body);
  }
}
