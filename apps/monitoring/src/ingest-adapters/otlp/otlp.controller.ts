import { otlpMetricsAnswerSchema, otlpMetricsRequestSchema, otlpStatusSchema } from '@distributary/contracts';
import { DistributionError, type Principal } from '@distributary/distribution-core';
import {
  ApiContract,
  CurrentPrincipal,
  NotAudited,
  OTLP_JSON,
  OTLP_PROTOBUF,
  OtlpCodec,
  OtlpErrorFilter,
} from '@distributary/distribution-nest';
import { Body, Controller, Post, Res, UseFilters } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { OtlpService } from './otlp.service.js';

const protobuf = z.string().describe('As in opentelemetry/proto/collector/metrics/v1/metrics_service.proto');
const problemBody = { [OTLP_JSON]: otlpStatusSchema, [OTLP_PROTOBUF]: protobuf };

/** OpenTelemetry's own path, and the same below the service's: exporters add `/v1/metrics` to what they are told. */
@ApiTags('ways in')
@NotAudited()
@Controller(['v1', 'api/v1/monitoring/otlp/v1'])
@UseFilters(OtlpErrorFilter)
export class OtlpController {
  constructor(
    private readonly otlp: OtlpService,
    private readonly codec: OtlpCodec,
  ) {}

  @Post('metrics')
  @ApiContract({
    summary: 'Metrics of OpenTelemetry SDKs and collectors (OTLP/HTTP), as METRICS events',
    description:
      'JSON or protobuf, also in gzip. Gauges, sums, histograms, exponential histograms and summaries, at most 10,000 data ' +
      'points, and 400,000 messages and numbers in lists. Points that cannot be taken are counted in partialSuccess. Sending ' +
      'an export again publishes no point twice that has a time.',
    body: { [OTLP_JSON]: otlpMetricsRequestSchema, [OTLP_PROTOBUF]: protobuf },
    status: 200,
    response: { [OTLP_JSON]: otlpMetricsAnswerSchema, [OTLP_PROTOBUF]: protobuf },
    responseDescription: 'The broker has all points but the rejected ones.',
    problemBody,
    errors: ['topic.not_found', 'schema.rejected', 'ingest.busy', 'broker.unavailable'],
  })
  async metrics(
    @Body() body: unknown,
    @CurrentPrincipal() principal: Principal,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const isProtobuf = Buffer.isBuffer(body);
    const read = await this.otlp.take(body, principal);
    await reply
      .header('content-type', isProtobuf ? OTLP_PROTOBUF : OTLP_JSON)
      .status(200)
      .send(this.codec.answer(read, isProtobuf));
  }

  @Post('traces')
  @ApiContract({ summary: 'Not taken: 404', problemBody, errors: ['route.not_found'], body: z.unknown() })
  traces(): never {
    throw onlyMetrics();
  }

  @Post('logs')
  @ApiContract({ summary: 'Not taken: 404', problemBody, errors: ['route.not_found'], body: z.unknown() })
  logs(): never {
    throw onlyMetrics();
  }
}

const onlyMetrics = () =>
  new DistributionError('route.not_found', 'of OpenTelemetry only metrics are taken: POST v1/metrics');
