import { metricsQuerySchema } from '@distributary/contracts';
import { Controller, Get, Inject, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { Registry } from 'prom-client';
import { z } from 'zod';
import { OperatorOnly } from '../auth/operator.guard.js';
import { parseWith } from '../doors/stream-commands.js';
import { ApiContract } from '../http/api-contract.js';
import { METRICS_REGISTRY } from './prom-metrics.js';

/** For Prometheus. */
@ApiTags('health')
@Controller('metrics')
@OperatorOnly('read')
export class MetricsController {
  constructor(@Inject(METRICS_REGISTRY) private readonly registry: Registry) {}

  @Get()
  @ApiContract({
    summary: 'For Prometheus, in its text format',
    query: metricsQuerySchema,
    response: { 'text/plain': z.string() },
  })
  async scrape(@Query() query: unknown, @Res() reply: FastifyReply): Promise<void> {
    const { names } = parseWith(metricsQuerySchema, query);
    const text = await (names === undefined ? this.registry.metrics() : this.some(names.split(',')));
    await reply.header('content-type', this.registry.contentType).send(text);
  }

  /** All of them take the loop for milliseconds; whoever asks for a few, and often, need not. */
  private async some(names: readonly string[]): Promise<string> {
    const known = [...new Set(names)].filter((name) => this.registry.getSingleMetric(name) !== undefined);
    const texts = await Promise.all(known.map((name) => this.registry.getSingleMetricAsString(name)));
    return texts.map((text) => `${text}\n`).join('\n');
  }
}
