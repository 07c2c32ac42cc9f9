import { systemHealthSummarySchema } from '@distributary/contracts';
import type { Principal } from '@distributary/distribution-core';
import { ApiContract, CachedAnswer, CurrentPrincipal } from '@distributary/distribution-nest';
import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { HealthSummaryService } from './health-summary.service.js';

@ApiTags('health')
@Controller('api/v1/monitoring/health')
export class HealthSummaryController {
  constructor(private readonly health: HealthSummaryService) {}

  @Get('summary')
  @CachedAnswer('health.summary')
  @ApiContract({
    summary: 'Services, active alerts, open incidents, SLOs and infrastructure in one page',
    response: systemHealthSummarySchema,
    errors: ['store.unavailable'],
  })
  summary(@CurrentPrincipal() principal: Principal) {
    return this.health.summary(principal);
  }
}
