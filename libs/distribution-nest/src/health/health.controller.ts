import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { ApiContract } from '../http/api-contract.js';
import { LIFECYCLE_STATES } from '../lifecycle/lifecycle-state.js';
import { HealthService } from './health.service.js';

const readinessSchema = z
  .object({
    status: z.enum(['ready', 'not_ready']),
    state: z.enum(LIFECYCLE_STATES),
    roles: z.array(z.string()).describe('What this process does'),
    dependencies: z.array(
      z.object({
        name: z.string(),
        kind: z.string().optional(),
        status: z.enum(['up', 'down']),
        reason: z.enum(['failed', 'timed_out']).optional(),
        took_ms: z.int(),
      }),
    ),
  })
  .meta({ id: 'Readiness' });

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get('live')
  @ApiContract({
    summary: 'The process runs; if this fails, restart it',
    response: z.object({ status: z.literal('live') }),
    isOpen: true,
  })
  live(): { readonly status: 'live' } {
    return { status: 'live' };
  }

  @Get('ready')
  @ApiContract({
    summary: 'Work may be sent here; 503 while starting or draining, or while a dependency is down',
    response: readinessSchema,
    otherResponses: { 503: { description: 'Not now', body: readinessSchema } },
    isOpen: true,
  })
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const readiness = await this.health.readiness();
    await reply
      .status(readiness.status === 'ready' ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE)
      .header('cache-control', 'no-store')
      .send(readiness);
  }
}
