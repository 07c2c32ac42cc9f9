import { activeAlertsQuerySchema, activeAlertsSchema } from '@distributary/contracts';
import { ApiContract, parseWith } from '@distributary/distribution-nest';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AlertsService } from './alerts.service.js';

@ApiTags('alerts')
@Controller('api/v1/monitoring/alerts')
export class AlertsController {
  constructor(private readonly alerts: AlertsService) {}

  @Get('active')
  @ApiContract({
    summary: 'Alerts that were raised and not resolved: the most severe first, then the newest',
    query: activeAlertsQuerySchema,
    response: activeAlertsSchema,
    errors: ['store.unavailable'],
  })
  active(@Query() query: unknown) {
    return this.alerts.active(parseWith(activeAlertsQuerySchema, query));
  }
}
