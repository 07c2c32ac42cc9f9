import {
  laneStatsSchema,
  performanceSchema,
  statsQuerySchema,
  attachedStatsSchema,
  tenantStatsSchema,
  topicPerformanceSchema,
  topicStatsListSchema,
} from '@distributary/contracts';
import type { Principal } from '@distributary/distribution-core';
import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../auth/current-principal.js';
import { CachedAnswer } from '../cache/read-cache.interceptor.js';
import { ApiContract } from '../http/api-contract.js';
import { PerformanceService } from './performance.service.js';

/** Names of topics hold slashes: in a path they are written `%2F`. */
@ApiTags('statistics')
@Controller('stats')
export class PerformanceController {
  constructor(private readonly service: PerformanceService) {}

  @Get('performance')
  @ApiContract({
    summary: 'Throughput, latency, losses and resources of the last minute, five minutes and hour',
    response: performanceSchema,
  })
  performance(@CurrentPrincipal() principal: Principal) {
    return this.service.performance(principal);
  }

  @Get('topics')
  @CachedAnswer('stats.topics')
  @ApiContract({ summary: 'The busiest topics', query: statsQuerySchema, response: topicStatsListSchema })
  topics(@CurrentPrincipal() principal: Principal, @Query() query: unknown) {
    return this.service.topics(principal, query);
  }

  @Get('topics/:topic')
  @ApiContract({
    summary: 'Throughput, latency and losses of one topic',
    response: topicPerformanceSchema,
    errors: ['topic.not_found'],
  })
  topic(@CurrentPrincipal() principal: Principal, @Param('topic') topic: string) {
    return this.service.topic(principal, topic);
  }

  @Get('lanes')
  @ApiContract({ summary: 'The busiest lanes', query: statsQuerySchema, response: laneStatsSchema })
  lanes(@CurrentPrincipal() principal: Principal, @Query() query: unknown) {
    return this.service.lanes(principal, query);
  }

  @Get('tenants')
  @ApiContract({ summary: 'The busiest tenants', query: statsQuerySchema, response: tenantStatsSchema })
  tenants(@CurrentPrincipal() principal: Principal, @Query() query: unknown) {
    return this.service.tenants(principal, query);
  }

  @Get('subscriptions')
  @ApiContract({
    summary: 'The subscriptions that are attached: those that lag most, then those that were sent most',
    query: statsQuerySchema,
    response: attachedStatsSchema,
  })
  subscriptions(@CurrentPrincipal() principal: Principal, @Query() query: unknown) {
    return this.service.subscriptions(principal, query);
  }
}
