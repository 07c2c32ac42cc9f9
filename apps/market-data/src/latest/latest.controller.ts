import { latestDataQuerySchema, latestDataResponseSchema, symbolParameterSchema } from '@distributary/contracts';
import type { Principal } from '@distributary/distribution-core';
import { ApiContract, CurrentPrincipal } from '@distributary/distribution-nest';
import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { LatestService } from './latest.service.js';

@ApiTags('market data')
@Controller('api/v1/market-data')
export class LatestController {
  constructor(private readonly latest: LatestService) {}

  @Get(':symbol/latest')
  @ApiContract({
    summary: 'The newest trade, quote or bar of a symbol',
    params: symbolParameterSchema,
    query: latestDataQuerySchema,
    response: latestDataResponseSchema,
    errors: ['symbol.not_found'],
  })
  latestOf(@Param('symbol') symbol: string, @Query() query: unknown, @CurrentPrincipal() principal: Principal) {
    return this.latest.latestOf(symbol, query, principal);
  }
}
