import type { DistributionError } from '@distributary/distribution-core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { mappingOf } from './error-mapping.js';
import { PROBLEM_CONTENT_TYPE, problemDetails, retryAfterSeconds } from './problem-details.js';

/** How each HTTP request that fails is answered: hooks call it themselves, since Nest's filters see only what Nest has routed. */
export function answerProblem(request: FastifyRequest, reply: FastifyReply, error: DistributionError): void {
  const retryAfter = retryAfterSeconds(error);
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter);
  void reply
    .status(mappingOf(error.code).httpStatus)
    .header('content-type', PROBLEM_CONTENT_TYPE)
    .send(problemDetails(error, request.id));
}
