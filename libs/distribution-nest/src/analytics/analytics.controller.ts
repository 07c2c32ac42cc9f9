import { apiStatsQuerySchema, apiStatsSchema } from '@distributary/contracts';
import { DEFAULT_TENANT, type Principal, requirePermission } from '@distributary/distribution-core';
import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../auth/current-principal.js';
import { SystemClock } from '../clock/system-clock.js';
import { isoTime } from '../doors/json-messages.js';
import { parseWith } from '../doors/stream-commands.js';
import { ApiContract } from '../http/api-contract.js';
import { CallStatistics } from './call-statistics.js';

@ApiTags('statistics')
@Controller('stats')
export class AnalyticsController {
  constructor(
    private readonly statistics: CallStatistics,
    @Inject(SystemClock) private readonly clock: SystemClock,
  ) {}

  @Get('api')
  @ApiContract({
    summary: 'Calls, latency, errors and bytes by route, by key, or by both',
    description:
      'Of REST, gRPC and the commands of streams. A tenant sees its own calls, whoever runs the service all.',
    query: apiStatsQuerySchema,
    response: apiStatsSchema,
  })
  api(@CurrentPrincipal() principal: Principal, @Query() query: unknown) {
    requirePermission(principal, 'manage');
    const { window, by, limit } = parseWith(apiStatsQuerySchema, query);
    const tenant = principal.tenant === DEFAULT_TENANT ? undefined : principal.tenant;
    const rows = this.statistics.figures(window, by, tenant);
    const items = rows.slice(0, limit).map((row) => ({
      ...(row.door === undefined ? {} : { door: row.door, route: row.route }),
      ...(row.key === undefined ? {} : { key: row.key }),
      window_ms: row.windowMs,
      covered_ms: Math.round(row.coveredMs),
      calls: row.calls,
      calls_per_second: row.callsPerSecond,
      client_errors: row.clientErrors,
      server_errors: row.serverErrors,
      error_rate: row.errorRate ?? null,
      bytes_in: row.bytesIn,
      bytes_out: row.bytesOut,
      latency_ms: row.latencyMs ?? null,
    }));
    return { generated_at: isoTime(this.clock.nowMicros()), items, others: rows.length - items.length };
  }
}
