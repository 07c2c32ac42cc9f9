import { SseDoor } from '@distributary/distribution-nest';
import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';

@ApiTags('stream')
@Controller('api/v1/monitoring/stream')
export class StreamController {
  constructor(private readonly door: SseDoor) {}

  @Get()
  @ApiOperation({
    summary: 'The live stream as server-sent events',
    description:
      'Query parameters select: data_types, services, patterns, keys (lists, separated by commas), filter (CEL text or JSON), ' +
      'start (latest, earliest, snapshot, a cursor, or an ISO 8601 time). Each event id is a cursor: Last-Event-ID resumes. ' +
      'The same path is the WebSocket stream when asked for an upgrade.',
  })
  @ApiProduces('text/event-stream')
  async stream(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.door.open(request.raw, reply.raw, () => void reply.hijack());
  }
}
