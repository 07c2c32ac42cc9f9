import type { AuditEntry, Clock, IdSource } from '@distributary/distribution-core';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { catchError, defer, lastValueFrom, mergeMap, type Observable, of, throwError } from 'rxjs';
import { asDistributionError } from '../errors/as-distribution-error.js';
import { mappingOf } from '../errors/error-mapping.js';
import { withinAct } from './audit-context.js';
import type { AuditTrail } from './audit-trail.js';
import { type AuditedAct, auditedAct } from './audited-act.js';
import { redacted } from './redacted.js';

const OUR_FAULT = 500;

/**
 * Records every administrative act, whichever door it came through, before it is answered: REST calls that change
 * something, and unary gRPC calls that do not read. Refused and failed ones too.
 */
@Injectable()
export class AuditInterceptor implements NestInterceptor {
  constructor(
    private readonly trail: AuditTrail,
    private readonly clock: Clock,
    private readonly ids: IdSource,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() === 'ws') return next.handle();
    const act = auditedAct(context);
    if (act === undefined) return next.handle();
    this.trail.requireRoom();
    return defer(() => withinAct((found) => this.perform(act, next, found)));
  }

  private async perform(act: AuditedAct, next: CallHandler, found: { before: unknown; target?: string }) {
    const answered = next.handle().pipe(
      mergeMap((answer: unknown) => of({ answer, error: undefined })),
      catchError((error: unknown) => of({ answer: undefined, error })),
    );
    const { answer, error } = await lastValueFrom(answered, { defaultValue: { answer: undefined, error: undefined } });
    await this.trail.record(this.entryOf(act, found, answer, error));
    return error === undefined ? answer : lastValueFrom(throwError(() => error));
  }

  private entryOf(
    { act, door, principal, target, request, traceId, address }: AuditedAct,
    found: { before: unknown; target?: string },
    answer: unknown,
    error: unknown,
  ): AuditEntry {
    const code = error === undefined ? undefined : asDistributionError(error).code;
    const isOurFault = code !== undefined && mappingOf(code).httpStatus >= OUR_FAULT;
    return {
      id: this.ids.uuid(),
      atMicros: this.clock.nowMicros(),
      tenant: principal?.tenant ?? 'default',
      principal: principal?.id ?? 'nobody',
      principalKind: principal?.kind ?? 'unknown',
      act,
      // It may be what the caller called something: a key, by mistake.
      target: redacted(found.target ?? target) as string | undefined,
      outcome: code === undefined ? 'done' : isOurFault ? 'failed' : 'refused',
      code,
      door,
      traceId,
      address,
      before: redacted(found.before),
      // What there is now, or, if the answer does not say, what was asked for.
      after: redacted(error === undefined && answer !== undefined ? answer : request),
      count: 1,
    };
  }
}
