import { Metadata, ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';
import { type Clock, DistributionError, type Principal } from '@distributary/distribution-core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { Authenticated } from '../auth/current-principal.js';
import type { AroundCommand } from '../doors/stream-connection.js';
import { callStreamOf } from '../doors/grpc/call-stream.js';
import { mappingOf } from '../errors/error-mapping.js';
import type { CallOutcome, CallStatistics } from './call-statistics.js';
import { payloadSize } from './payload-size.js';

export const ANONYMOUS = { id: 'anonymous', tenant: '' } as const;

const caller = (principal: Principal | undefined): Pick<Principal, 'id' | 'tenant'> => principal ?? ANONYMOUS;

/** Of REST; a stream of events is counted when it ends, without a duration. To be called before the app is made. */
export function measureRequests(adapter: FastifyAdapter, statistics: CallStatistics): void {
  adapter.getInstance().addHook('onResponse', (request, reply, done) => {
    const { id, tenant } = caller((request as Authenticated).principal);
    const code = reply.raw.statusCode;
    const isStream = reply.raw.getHeader('content-type')?.toString().startsWith('text/event-stream') === true;
    statistics.record({
      door: 'rest',
      route: `${request.method} ${request.routeOptions.url ?? 'unknown'}`,
      key: id,
      tenant,
      outcome: code >= 500 ? 'server_error' : code >= 400 ? 'client_error' : 'ok',
      durationMs: isStream ? undefined : reply.elapsedTime,
      bytesIn: Number(request.headers['content-length'] ?? 0),
      // Fastify keeps the headers to itself until it writes them.
      bytesOut: Number(reply.getHeader('content-length') ?? 0),
    });
    done();
  });
}

const CLIENT_STATUSES: ReadonlySet<number> = new Set([
  status.CANCELLED,
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.PERMISSION_DENIED,
  status.RESOURCE_EXHAUSTED,
  status.FAILED_PRECONDITION,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.UNAUTHENTICATED,
]);

const outcomeOfStatus = (code: number): CallOutcome =>
  code === Number(status.OK) ? 'ok' : CLIENT_STATUSES.has(code) ? 'client_error' : 'server_error';

/** Of gRPC; streams are counted when they end, without a duration. `principalOf`: as the door established it. */
export function measureInterceptor(
  statistics: CallStatistics,
  clock: Clock,
  principalOf: (metadata: Metadata) => Principal | undefined,
): ServerInterceptor {
  return (method, call) => {
    const startedMs = clock.monotonicMs();
    const isStream = method.requestStream || method.responseStream;
    let metadata = new Metadata();
    let bytesIn = 0;
    let bytesOut = 0;
    let isRecorded = false;
    const record = (outcome: CallOutcome) => {
      if (isRecorded) return;
      isRecorded = true;
      const { id, tenant } = caller(principalOf(metadata));
      const durationMs = isStream ? undefined : clock.monotonicMs() - startedMs;
      bytesOut += callStreamOf(metadata)?.bytesWritten ?? 0;
      statistics.record({ door: 'grpc', route: method.path, key: id, tenant, outcome, durationMs, bytesIn, bytesOut });
    };
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (received, deliver) => {
            metadata = received;
            deliver(received);
          },
          onReceiveMessage: (message: unknown, deliver) => {
            bytesIn += payloadSize(message);
            deliver(message);
          },
          onCancel: () => record(isStream ? 'ok' : 'client_error'),
        }),
      sendMessage: (message: unknown, next) => {
        bytesOut += payloadSize(message);
        next(message);
      },
      sendStatus: (sent, next) => {
        record(outcomeOfStatus(sent.code ?? status.UNKNOWN));
        next(sent);
      },
    });
  };
}

/** Of the commands of WebSocket and gRPC streams. */
export function measuredCommands(statistics: CallStatistics, clock: Clock): AroundCommand {
  return async ({ type, payload, door, principal }, run) => {
    const startedMs = clock.monotonicMs();
    let outcome: CallOutcome = 'ok';
    try {
      await run();
    } catch (error) {
      const httpStatus = error instanceof DistributionError ? mappingOf(error.code).httpStatus : 500;
      outcome = httpStatus >= 500 ? 'server_error' : 'client_error';
      throw error;
    } finally {
      const { id, tenant } = principal;
      const durationMs = clock.monotonicMs() - startedMs;
      const bytesIn = payloadSize(payload);
      statistics.record({ door, route: type, key: id, tenant, outcome, durationMs, bytesIn, bytesOut: 0 });
    }
  };
}
