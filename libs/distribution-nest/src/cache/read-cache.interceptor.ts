import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor, SetMetadata } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { from, type Observable } from 'rxjs';
import type { Authenticated } from '../auth/current-principal.js';
import type { CachedReads } from './cached-reads.js';

const KIND = 'distributary:cached-read';
/** Longer questions are asked by machines that never ask the same again. */
const MAX_URL_LENGTH = 512;

/** On a GET route whose answer may be some moments old; `kind` as in {@link CachedReads}. */
export const CachedAnswer = (kind: string) => SetMetadata(KIND, kind);

/** Answers routes with {@link CachedAnswer} from the cache. Guards have had their say by then. */
@Injectable()
export class ReadCacheInterceptor implements NestInterceptor {
  constructor(private readonly reads: CachedReads) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const kind = Reflect.getMetadata(KIND, context.getHandler()) as string | undefined;
    if (kind === undefined || context.getType() !== 'http') return next.handle();
    const request = context.switchToHttp().getRequest<FastifyRequest & Authenticated>();
    const { principal } = request;
    if (principal === undefined || request.url.length > MAX_URL_LENGTH) return next.handle();
    const answer = this.reads.read(kind, {
      tenant: principal.tenant,
      permissions: principal.permissions,
      params: request.params as Record<string, string>,
      query: request.query as Record<string, unknown>,
    });
    return answer === undefined ? next.handle() : from(answer);
  }
}
