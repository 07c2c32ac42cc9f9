import type { Principal } from '@distributary/distribution-core';
import { ApiContract, CurrentPrincipal, SseDoor, streamQuerySchema } from '@distributary/distribution-nest';
import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

@ApiTags('stream')
@Controller('api/v1/monitoring/stream')
export class StreamController {
  constructor(private readonly door: SseDoor) {}

  @Get()
  @ApiContract({
    summary: 'The live stream as server-sent events',
    description:
      'Each event id is a cursor: Last-Event-ID resumes. The same path is the WebSocket stream when asked for an upgrade. ' +
      'What is said in the stream stands in /api/asyncapi.json.',
    query: streamQuerySchema,
    selects: 'query',
    headers: z.object({ 'last-event-id': z.string().optional() }),
    response: { 'text/event-stream': z.string() },
    errors: ['gateway.full', 'topic.not_found', 'broker.unavailable'],
  })
  async stream(
    @Req() request: FastifyRequest,
    @CurrentPrincipal() principal: Principal,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.door.open(request.raw, reply.raw, principal, () => void reply.hijack());
  }
}
