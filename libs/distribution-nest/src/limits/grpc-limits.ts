import { type Principal } from '@distributary/distribution-core';
import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { grpcError } from '../errors/grpc-error.js';
import { addressOfPeer } from './caller-address.js';
import { type RequestLimits, tooManyRequests } from './request-limits.js';

/** Health checks are answered however busy the caller keeps us. */
const UNLIMITED = '/grpc.health.v1.';

/**
 * Rate limits of gRPC calls, a stream being one call: RESOURCE_EXHAUSTED with the time to come back. `principalOf` tells
 * who calls, if that is known by then; place the interceptor behind the one that finds out.
 */
export function rateLimitInterceptor(
  limits: RequestLimits,
  principalOf: (call: object) => Principal | undefined = () => undefined,
): ServerInterceptor {
  return (method, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, deliver) => {
            if (method.path.startsWith(UNLIMITED)) return deliver(metadata);
            const own = limits.ofAddress(addressOfPeer(call.getPeer()));
            const verdict = own?.isAllowed === false ? own : limits.ofKey(principalOf(metadata));
            if (verdict === undefined || verdict.isAllowed) return deliver(metadata);
            const { code, details, metadata: trailers } = grpcError(tooManyRequests(verdict));
            call.sendStatus({ code, details, metadata: trailers });
          },
        }),
    });
}
