import { deliveryStatsSchema } from '@distributary/contracts';
import type { Principal } from '@distributary/distribution-core';
import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import { ApiContract } from '../../http/api-contract.js';
import { DeliveryStatsService } from './delivery-stats.service.js';

@ApiTags('stats')
@Controller('stats')
export class DeliveryStatsController {
  constructor(private readonly stats: DeliveryStatsService) {}

  @Get()
  @ApiContract({
    summary: 'What this process delivers at present: subscriptions, feeds, lanes, memory, deliveries over windows',
    response: deliveryStatsSchema,
  })
  show(@CurrentPrincipal() principal: Principal) {
    return this.stats.of(principal);
  }
}
