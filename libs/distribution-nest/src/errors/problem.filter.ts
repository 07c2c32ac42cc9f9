import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../logging/logger.js';
import { answerProblem } from './answer-problem.js';
import { asDistributionError } from './as-distribution-error.js';
import { mappingOf } from './error-mapping.js';

/** Where errors of HTTP requests stop travelling: logged once, answered as problem details. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    // Doors other than HTTP answer in their own way.
    if (host.getType() !== 'http') throw thrown;
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const error = asDistributionError(thrown);
    const { logLevel } = mappingOf(error.code);
    this.logger[logLevel]('http.request_failed', {
      code: error.code,
      method: request.method,
      path: request.url.split('?', 1)[0],
      trace_id: request.id,
      ...(logLevel === 'error' && { error: error.cause ?? error }),
    });
    // A reply that has begun, such as an event stream, cannot become another one.
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    answerProblem(request, reply, error);
  }
}
