import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { principalOfCall } from '../auth/grpc-authentication.js';
import { grpcError } from '../errors/grpc-error.js';
import { type RequestLimits, tooManyRequests } from './request-limits.js';
import type { RateVerdict } from './token-buckets.js';
import { callerOfCall } from './trusted-proxies.js';

type Judge = (metadata: Parameters<typeof principalOfCall>[0], peer: string) => RateVerdict | undefined;

/** Health checks are answered however busy the caller keeps us. */
const UNLIMITED = '/grpc.health.v1.';

/** Calls a second of one address, a stream being one call: before anybody is authenticated. */
export const addressLimitInterceptor = (limits: RequestLimits): ServerInterceptor =>
  rateLimit((metadata, peer) => limits.ofAddress(callerOfCall(metadata, peer)));

/** Calls a second of one key: behind the interceptor that finds out who calls. */
export const keyLimitInterceptor = (limits: RequestLimits): ServerInterceptor =>
  rateLimit((metadata) => limits.ofKey(principalOfCall(metadata)));

/** RESOURCE_EXHAUSTED, with the time to come back. */
function rateLimit(judge: Judge): ServerInterceptor {
  return (method, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, deliver) => {
            const verdict = method.path.startsWith(UNLIMITED) ? undefined : judge(metadata, call.getPeer());
            if (verdict === undefined || verdict.isAllowed) return deliver(metadata);
            const { code, details, metadata: trailers } = grpcError(tooManyRequests(verdict));
            call.sendStatus({ code, details, metadata: trailers });
          },
        }),
    });
}
