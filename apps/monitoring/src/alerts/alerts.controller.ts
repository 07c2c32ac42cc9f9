import { activeAlertsQuerySchema } from '@distributary/contracts';
import { parseWith } from '@distributary/distribution-nest';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { AlertsService } from './alerts.service.js';

@ApiTags('alerts')
@Controller('api/v1/monitoring/alerts')
export class AlertsController {
  constructor(private readonly alerts: AlertsService) {}

  @Get('active')
  @ApiOperation({ summary: 'Alerts that were raised and not resolved: the most severe first, then the newest' })
  @ApiQuery({ name: 'severity', required: false, description: 'One or several, separated by commas' })
  @ApiQuery({ name: 'service', required: false })
  active(@Query() query: unknown) {
    return this.alerts.active(parseWith(activeAlertsQuerySchema, query));
  }
}
