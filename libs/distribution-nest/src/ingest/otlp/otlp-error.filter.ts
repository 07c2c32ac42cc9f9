import { type ArgumentsHost, Catch, type ExceptionFilter, Inject } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { asDistributionError } from '../../errors/as-distribution-error.js';
import { mappingOf } from '../../errors/error-mapping.js';
import { retryAfterSeconds } from '../../errors/problem-details.js';
import { LOGGER, type Logger } from '../../logging/logger.js';
import { OTLP_JSON, OTLP_PROTOBUF, OtlpCodec } from './otlp-codec.js';

/** OTLP wants errors as `google.rpc.Status`, in the encoding of the request; exporters look at the HTTP status. */
@Catch()
export class OtlpErrorFilter implements ExceptionFilter {
  constructor(
    private readonly codec: OtlpCodec,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const error = asDistributionError(thrown);
    const { grpcStatus, httpStatus, logLevel } = mappingOf(error.code);
    this.logger[logLevel]('otlp.request_failed', {
      code: error.code,
      trace_id: request.id,
      ...(logLevel === 'error' && { error: error.cause ?? error }),
    });
    const isProtobuf = request.headers['content-type']?.startsWith(OTLP_PROTOBUF) === true;
    const retryAfter = retryAfterSeconds(error);
    if (retryAfter !== undefined) reply.header('retry-after', retryAfter);
    reply
      .status(httpStatus)
      .header('content-type', isProtobuf ? OTLP_PROTOBUF : OTLP_JSON)
      .send(this.codec.status(grpcStatus, `${error.code}: ${error.message}`, isProtobuf));
  }
}
