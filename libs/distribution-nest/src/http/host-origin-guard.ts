import type { IncomingMessage } from 'node:http';
import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { DistributionError } from '@distributary/distribution-core';
import { grpcError } from '../errors/grpc-error.js';
import { decideHostOrigin, type HostOriginDecision, type HostOriginPolicy } from './host-origin.js';

/** The error of a refused call; undefined if it may go on. */
export function hostOriginError(decision: HostOriginDecision): DistributionError | undefined {
  if (decision.isAllowed) return undefined;
  return new DistributionError('origin.refused', `This host or origin may not call: ${decision.reason}.`);
}

/** For HTTP requests and WebSocket handshakes alike. Throws `origin.refused`. */
export function requireHostOrigin(request: Pick<IncomingMessage, 'headers'>, policy: HostOriginPolicy): void {
  const { host, origin } = request.headers;
  const error = hostOriginError(decideHostOrigin(host, origin, policy));
  if (error !== undefined) throw error;
}

/** For gRPC: looks at `:authority` before any handler runs. */
export function hostOriginInterceptor(policy: HostOriginPolicy): ServerInterceptor {
  return (_method, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, deliver) => {
            const origin = metadata.get('origin')[0]?.toString();
            const error = hostOriginError(decideHostOrigin(call.getHost(), origin, policy));
            if (error === undefined) return deliver(metadata);
            const { code, details, metadata: trailers } = grpcError(error);
            call.sendStatus({ code, details, metadata: trailers });
          },
        }),
    });
}
