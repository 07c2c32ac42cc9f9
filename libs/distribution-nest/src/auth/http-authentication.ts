import { type DistributionError } from '@distributary/distribution-core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { answerProblem } from '../errors/answer-problem.js';
import { asDistributionError } from '../errors/as-distribution-error.js';
import { peerCertificateOf } from '../tls/https-server.js';
import { type AccessControl, tokenOf } from './access-control.js';
import type { Authenticated } from './current-principal.js';

/**
 * Routes that say nothing of anybody's events: an orchestrator asks after our health without a key, and who writes a client
 * reads the documents. By the pattern of the route and not by the URL, which can be written in many ways.
 */
const OPEN_ROUTES = /^\/(health\/(live|ready)|api\/docs(\/.*)?|api\/(openapi|asyncapi)\.json)$/;

/**
 * Fastify's `onRequest`: before a body is read, the request has a principal or is answered with 401. Handshakes of WebSocket
 * do not come here; whoever only says so in a header does.
 */
export function httpAuthentication(access: AccessControl) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    try {
      const isOpen = OPEN_ROUTES.test(request.routeOptions.url ?? '');
      if (isOpen) return undefined;
      const token = tokenOf(request.headers);
      const certified = token === undefined ? access.ofCertificate(() => peerCertificateOf(request.raw)) : undefined;
      (request as Authenticated).principal = certified ?? (await access.authenticate(token));
      return undefined;
    } catch (thrown) {
      const error = asDistributionError(thrown);
      if (isAboutToken(error)) reply.header('www-authenticate', 'Bearer');
      answerProblem(request, reply, error);
      return reply;
    }
  };
}

const isAboutToken = ({ code }: DistributionError): boolean => code === 'auth.missing' || code === 'auth.expired';
