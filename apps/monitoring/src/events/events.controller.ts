import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { EventsService } from './events.service.js';

@ApiTags('events')
@Controller('api/v1/monitoring/events')
export class EventsController {
  constructor(private readonly events: EventsService) {}

  @Post()
  @HttpCode(202)
  @ApiOperation({
    summary: 'Publish monitoring events',
    description: 'One event, a list, or { "events": [...] }; at most 1,000. Idempotent by event_id.',
  })
  @ApiAcceptedResponse({ description: 'The broker has the events; one result for each, in their order.' })
  publish(@Body() body: unknown) {
    return this.events.ingest(body);
  }
}
