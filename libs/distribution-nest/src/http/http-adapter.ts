import type { IncomingHttpHeaders } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type IdSource, invalidRequest } from '@distributary/distribution-core';
import { type AccessControl, OPEN_ACCESS } from '../auth/access-control.js';
import { httpAuthentication } from '../auth/http-authentication.js';
import { answerProblem } from '../errors/answer-problem.js';
import { asDistributionError } from '../errors/as-distribution-error.js';
import type { HostOriginPolicy } from './host-origin.js';
import { requireHostOrigin } from './host-origin-guard.js';
import { followCertificates, httpsOptions } from '../tls/https-server.js';
import type { TlsMaterial } from '../tls/tls-material.js';
import { MAX_HEAD_BYTES } from './request-head.js';
import { traceIdOf } from './trace-id.js';
import { answerUnreadable } from './unreadable-request.js';

export interface HttpAdapterOptions {
  readonly policy: HostOriginPolicy;
  readonly ids: IdSource;
  readonly maxBodyBytes: number;
  /** Who may call; everybody, if it is not given. */
  readonly access?: AccessControl;
  /** HTTPS if there is one. */
  readonly tls?: TlsMaterial;
  /** Adds hooks that come before anybody is authenticated. */
  readonly guard?: (adapter: FastifyAdapter) => void;
}

/**
 * Names may be longer than the 100 characters that the router allows, and its refusal is none of our errors. No more than
 * this is taken of a request's line and headers, so the length of a name is judged where its other rules are.
 */
const MAX_PARAM_LENGTH = MAX_HEAD_BYTES;

const UNDECODABLE = invalidRequest([{ path: 'url', rule: 'must be UTF-8, percent-encoded' }]);

export const TRACE_ID_HEADER = 'x-trace-id';

/** Fastify for Nest: each request has a trace id and a principal; hosts and origins are checked before anything else. */
export function createHttpAdapter({
  policy,
  ids,
  maxBodyBytes,
  tls,
  guard,
  access = OPEN_ACCESS,
}: HttpAdapterOptions): FastifyAdapter {
  const adapter = new FastifyAdapter({
    bodyLimit: maxBodyBytes,
    genReqId: (request: { headers: IncomingHttpHeaders }) => traceIdOf(request.headers.traceparent, ids),
    // Event streams never go idle of themselves; close() must not wait for them.
    forceCloseConnections: true,
    clientErrorHandler: answerUnreadable,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    // The only one that is left: what does not decode has no route.
    frameworkErrors: (_error: unknown, request: FastifyRequest, reply: FastifyReply) =>
      answerProblem(request, reply, UNDECODABLE),
    ...(tls === undefined
      ? { http: { maxHeaderSize: MAX_HEAD_BYTES } }
      : { https: { ...httpsOptions(tls), maxHeaderSize: MAX_HEAD_BYTES } }),
  });
  if (tls !== undefined) followCertificates(adapter.getInstance().server, tls);
  adapter.getInstance().addHook('onRequest', (request, reply, done) => {
    reply.header(TRACE_ID_HEADER, request.id);
    try {
      requireHostOrigin(request, policy);
    } catch (thrown) {
      answerProblem(request, reply, asDistributionError(thrown));
      return;
    }
    done();
  });
  guard?.(adapter);
  adapter.getInstance().addHook('onRequest', httpAuthentication(access));
  return adapter;
}
