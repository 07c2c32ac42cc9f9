import { Controller, Get, Param } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { MetricsService } from './metrics.service.js';

@ApiTags('metrics')
@Controller('api/v1/monitoring/metrics')
export class LatestMetricsController {
  constructor(private readonly metrics: MetricsService) {}

  @Get(':service_name/latest')
  @ApiOperation({ summary: 'The newest figure of each metric of a service' })
  latest(@Param('service_name') serviceName: string) {
    return this.metrics.latestOf(serviceName);
  }
}
