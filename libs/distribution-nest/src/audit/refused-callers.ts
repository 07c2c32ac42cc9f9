import { Metadata, ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { callerOfCall, callerOfRequest } from '../limits/trusted-proxies.js';
import type { FailedAuthentications } from './failed-authentications.js';

const UNAUTHENTICATED = 401;

/** Writes down requests that were answered with 401, whoever answered them. */
export function recordRefusedRequests(adapter: FastifyAdapter, failures: FailedAuthentications): void {
  adapter.getInstance().addHook('onResponse', (request, reply, done) => {
    if (reply.statusCode === UNAUTHENTICATED) {
      failures.record({
        door: 'rest',
        code: 'auth.missing',
        address: callerOfRequest(request.raw),
        traceId: request.id,
      });
    }
    done();
  });
}

/** The same of gRPC calls; to be the first interceptor, so that it sees what the others answer. */
export function refusedCallInterceptor(failures: FailedAuthentications): ServerInterceptor {
  return (_method, call) => {
    let metadata = new Metadata();
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (received, deliver) => {
            metadata = received;
            deliver(received);
          },
        }),
      sendStatus: (answer, next) => {
        if (answer.code === status.UNAUTHENTICATED) {
          const address = callerOfCall(metadata, call.getPeer());
          failures.record({ door: 'grpc', code: 'auth.missing', address, traceId: undefined });
        }
        next(answer);
      },
    });
  };
}
