import { latestMetricsSchema } from '@distributary/contracts';
import type { Principal } from '@distributary/distribution-core';
import { ApiContract, CachedAnswer, CurrentPrincipal } from '@distributary/distribution-nest';
import { Controller, Get, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { MetricsService } from './metrics.service.js';

@ApiTags('metrics')
@Controller('api/v1/monitoring/metrics')
export class LatestMetricsController {
  constructor(private readonly metrics: MetricsService) {}

  @Get(':service_name/latest')
  @CachedAnswer('metrics.latest')
  @ApiContract({
    summary: 'The newest figure of each metric of a service',
    response: latestMetricsSchema,
    errors: ['service.not_found'],
  })
  latest(@Param('service_name') serviceName: string, @CurrentPrincipal() principal: Principal) {
    return this.metrics.latestOf(serviceName, principal);
  }
}
