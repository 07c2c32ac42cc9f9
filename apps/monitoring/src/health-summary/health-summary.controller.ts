import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { HealthSummaryService } from './health-summary.service.js';

@ApiTags('health')
@Controller('api/v1/monitoring/health')
export class HealthSummaryController {
  constructor(private readonly health: HealthSummaryService) {}

  @Get('summary')
  @ApiOperation({ summary: 'Services, active alerts, open incidents, SLOs and infrastructure in one page' })
  summary() {
    return this.health.summary();
  }
}
