import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Authenticated } from '../auth/current-principal.js';
import { answerProblem } from '../errors/answer-problem.js';
import { rateLimitHeaders } from './rate-limit-headers.js';
import { type RequestLimits, tooManyRequests } from './request-limits.js';
import type { RateVerdict } from './token-buckets.js';
import { callerOfRequest } from './trusted-proxies.js';

/** Whoever watches the service must not be kept from it by those who load it. */
const UNLIMITED = /^\/(health\/|metrics(\?|$))/;

interface Limited extends Authenticated {
  verdicts?: RateVerdict[];
}

/**
 * Rate limits of REST: by address before anybody is authenticated, by key afterwards. Every answer says in `RateLimit`
 * headers what is left.
 */
export function limitRequests(adapter: FastifyAdapter, limits: RequestLimits): void {
  const instance = adapter.getInstance();
  instance.addHook('onRequest', (request, reply, done) => {
    if (UNLIMITED.test(request.url)) return done();
    if (isAdmitted(request, reply, limits.ofAddress(callerOfRequest(request.raw)))) done();
  });
  instance.addHook('preParsing', (request, reply, _payload, done) => {
    if (UNLIMITED.test(request.url)) return done(null);
    const { principal } = request as unknown as Authenticated;
    if (isAdmitted(request, reply, limits.ofKey(principal))) done(null);
  });
}

function isAdmitted(request: FastifyRequest, reply: FastifyReply, verdict: RateVerdict | undefined): boolean {
  if (verdict === undefined) return true;
  const verdicts = ((request as unknown as Limited).verdicts ??= []);
  verdicts.push(verdict);
  reply.headers(rateLimitHeaders(verdicts));
  if (verdict.isAllowed) return true;
  answerProblem(request, reply, tooManyRequests(verdict));
  return false;
}
