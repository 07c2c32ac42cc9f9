import { slaQuerySchema, slaSchema } from '@distributary/contracts';
import type { Principal } from '@distributary/distribution-core';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../auth/current-principal.js';
import { ApiContract } from '../http/api-contract.js';
import { SlaService } from './sla.service.js';

@ApiTags('statistics')
@Controller('stats')
export class SlaController {
  constructor(private readonly service: SlaService) {}

  @Get('sla')
  @ApiContract({
    summary: 'Latency, delivery ratio and availability by topic and day',
    description: 'Written every minute: what happened since is not in it yet.',
    query: slaQuerySchema,
    response: slaSchema,
    errors: ['store.unavailable'],
  })
  list(@CurrentPrincipal() principal: Principal, @Query() query: unknown) {
    return this.service.list(principal, query);
  }
}
