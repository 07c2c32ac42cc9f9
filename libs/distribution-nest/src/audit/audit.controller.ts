import { type AuditEntryView, auditPageSchema, auditQuerySchema, type Page } from '@distributary/contracts';
import {
  type AuditLog,
  type Principal,
  requirePermission,
  type StoredAuditEntry,
} from '@distributary/distribution-core';
import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../auth/current-principal.js';
import { isoTime } from '../doors/json-messages.js';
import { parseWith } from '../doors/stream-commands.js';
import { ApiContract } from '../http/api-contract.js';

/** Nest's injection token of the {@link AuditLog}. */
export const AUDIT_LOG = Symbol('AuditLog');

@ApiTags('audit')
@Controller('audit')
export class AuditController {
  constructor(@Inject(AUDIT_LOG) private readonly log: AuditLog) {}

  @Get()
  @ApiContract({
    summary: 'Who changed what, and who was not let in: the newest first',
    query: auditQuerySchema,
    response: auditPageSchema,
    errors: ['store.unavailable'],
  })
  async find(@CurrentPrincipal() principal: Principal, @Query() query: unknown): Promise<Page<AuditEntryView>> {
    requirePermission(principal, 'manage');
    const { limit, cursor, from, to, ...wanted } = parseWith(auditQuerySchema, query);
    const found = await this.log.find({
      ...wanted,
      tenant: principal.tenant,
      limit: limit + 1,
      ...(cursor !== undefined && { beforeSequence: Number(cursor) }),
      ...(from !== undefined && { fromMicros: Date.parse(from) * 1_000 }),
      ...(to !== undefined && { toMicros: Date.parse(to) * 1_000 }),
    });
    const items = found.slice(0, limit);
    const hasMore = found.length > limit;
    return {
      items: items.map(viewOf),
      has_more: hasMore,
      ...(hasMore && { cursor: String(items[items.length - 1].sequence) }),
    };
  }
}

function viewOf({ sequence: _sequence, atMicros, principalKind, traceId, ...entry }: StoredAuditEntry): AuditEntryView {
  const { target, code, address, before, after, ...rest } = entry;
  return {
    ...rest,
    timestamp: isoTime(atMicros),
    principal_kind: principalKind,
    ...(target !== undefined && { target }),
    ...(code !== undefined && { code }),
    ...(traceId !== undefined && { trace_id: traceId }),
    ...(address !== undefined && { address }),
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
  };
}
