import { activeAlertsQuerySchema, activeAlertsSchema } from '@distributary/contracts';
import { ApiContract, CachedAnswer, CurrentPrincipal, parseWith } from '@distributary/distribution-nest';
import type { Principal } from '@distributary/distribution-core';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AlertsService } from './alerts.service.js';

@ApiTags('alerts')
@Controller('api/v1/monitoring/alerts')
export class AlertsController {
  constructor(private readonly alerts: AlertsService) {}

  @Get('active')
  @CachedAnswer('alerts.active')
  @ApiContract({
    summary: 'Alerts that were raised and not resolved: the most severe first, then the newest',
    query: activeAlertsQuerySchema,
    response: activeAlertsSchema,
    errors: ['store.unavailable'],
  })
  active(@Query() query: unknown, @CurrentPrincipal() principal: Principal) {
    return this.alerts.active(parseWith(activeAlertsQuerySchema, query), principal);
  }
}
