import {
  requestFingerprint,
  type IdempotentCall,
  IdempotentCalls,
  type KeptAnswer,
  type Principal,
} from '@distributary/distribution-core';
import type { Metadata } from '@grpc/grpc-js';
import {
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  SetMetadata,
  UseInterceptors,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { lastValueFrom, type Observable, of } from 'rxjs';
import { z } from 'zod';
import type { Authenticated } from '../../auth/current-principal.js';
import { metadataText } from './metadata-text.js';

const HEADER = 'idempotency-key';
const REPEATED_HEADER = 'idempotency-replayed';
/** What says which state the resource is in goes with its answer. */
const KEPT_HEADERS = ['etag', 'location'];

/** For the contracts of creating routes. */
export const idempotencyHeaders = z.object({
  [HEADER]: z.string().max(200).optional().describe('Sent again with the same key, a request is carried out once'),
});

/** Such a route may fail with these, too. */
export const IDEMPOTENCY_ERRORS = ['idempotency.conflict', 'idempotency.busy', 'store.unavailable'] as const;

/** Two callers may choose the same key: they are told apart by tenant and by who they are. */
const scopeOf = ({ tenant, kind, id }: Principal): string => `${tenant}/${kind}/${id}`.slice(0, 300);

/** Which fields of a route's answer are told once and never kept. */
const SECRETS = 'distributary:idempotent-secrets';

@Injectable()
class IdempotencyInterceptor implements NestInterceptor {
  constructor(private readonly calls: IdempotentCalls) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<FastifyRequest & Authenticated>();
    const key = request.headers[HEADER];
    const { principal } = request;
    if (typeof key !== 'string' || principal === undefined) return next.handle();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const { method, url, body } = request;
    const call: IdempotentCall = { scope: scopeOf(principal), key, fingerprint: requestFingerprint(method, url, body) };
    const secrets = Reflect.getMetadata(SECRETS, context.getHandler()) as readonly string[];
    let created: unknown;
    const { answer, isRepeated } = await this.calls.once(call, async () => {
      created = await lastValueFrom(next.handle());
      return { status: reply.statusCode, headers: headersOf(reply), body: withoutFields(created, secrets) };
    });
    if (!isRepeated) return of(created);
    reply.status(answer.status);
    for (const [name, value] of Object.entries(answer.headers)) reply.header(name, value);
    reply.header(REPEATED_HEADER, 'true');
    return of(answer.body);
  }
}

/**
 * On a creating route: a request with an `Idempotency-Key` is done once. Its answer is kept, but for the fields that are
 * `secrets`: who asks again is told everything else.
 */
export const Idempotent = (...secrets: string[]): MethodDecorator =>
  applyDecorators(SetMetadata(SECRETS, secrets), UseInterceptors(IdempotencyInterceptor));

/** The same for a creating gRPC method, whose key is in the metadata. */
export async function onceByMetadata<Message extends object>(
  calls: IdempotentCalls,
  {
    principal,
    metadata,
    method,
    request,
  }: {
    readonly principal: Principal;
    readonly metadata: Metadata;
    readonly method: string;
    readonly request: unknown;
  },
  work: () => Promise<Message>,
): Promise<Message> {
  const key = metadataText(metadata, HEADER);
  if (key === undefined) return work();
  const call = { scope: scopeOf(principal), key, fingerprint: requestFingerprint(method, request) };
  const { answer } = await calls.once(call, async () => ({ status: 0, headers: {}, body: await work() }));
  return answer.body as Message;
}

function withoutFields(answer: unknown, names: readonly string[]): unknown {
  if (names.length === 0 || typeof answer !== 'object' || answer === null) return answer;
  return Object.fromEntries(Object.entries(answer).filter(([name]) => !names.includes(name)));
}

function headersOf(reply: FastifyReply): KeptAnswer['headers'] {
  const found = KEPT_HEADERS.map((name) => [name, reply.getHeader(name)] as const);
  return Object.fromEntries(found.filter((each): each is readonly [string, string] => typeof each[1] === 'string'));
}
