import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { Registry } from 'prom-client';
import { z } from 'zod';
import { OperatorOnly } from '../auth/operator.guard.js';
import { ApiContract } from '../http/api-contract.js';
import { METRICS_REGISTRY } from './prom-metrics.js';

/** For Prometheus. */
@ApiTags('health')
@Controller('metrics')
@OperatorOnly('read')
export class MetricsController {
  constructor(@Inject(METRICS_REGISTRY) private readonly registry: Registry) {}

  @Get()
  @ApiContract({ summary: 'For Prometheus, in its text format', response: { 'text/plain': z.string() } })
  async scrape(@Res() reply: FastifyReply): Promise<void> {
    const text = await this.registry.metrics();
    await reply.header('content-type', this.registry.contentType).send(text);
  }
}
