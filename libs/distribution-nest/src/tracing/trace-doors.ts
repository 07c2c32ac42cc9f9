import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { Tracing } from './tracing.js';

const HEADER = 'traceparent';

/** Handlers of requests run within the trace of the caller. To be called before the app is made. */
export function traceRequests(adapter: FastifyAdapter, tracing: Tracing): void {
  // After the body was read: what comes before runs for the socket and not for the request.
  adapter.getInstance().addHook('preHandler', (request, _reply, done) => {
    tracing.within(request.headers[HEADER], done);
  });
}

/** The same for gRPC calls. */
export function traceInterceptor(tracing: Tracing): ServerInterceptor {
  return (_method, call) => {
    let traceparent: unknown;
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, deliver) => {
            [traceparent] = metadata.get(HEADER);
            deliver(metadata);
          },
          // Handlers of unary calls begin with one of these, those of streams with the metadata.
          onReceiveMessage: (message: unknown, deliver) => tracing.within(traceparent, () => deliver(message)),
          onReceiveHalfClose: (deliver) => tracing.within(traceparent, () => deliver()),
        }),
    });
  };
}
