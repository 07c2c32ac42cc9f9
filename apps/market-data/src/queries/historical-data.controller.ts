import {
  historicalDataQuerySchema,
  historicalDataResponseSchema,
  symbolParameterSchema,
} from '@distributary/contracts';
import type { Principal } from '@distributary/distribution-core';
import { ApiContract, CurrentPrincipal } from '@distributary/distribution-nest';
import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { HistoricalDataService } from './historical-data.service.js';

@ApiTags('market data')
@Controller('api/v1/market-data')
export class HistoricalDataController {
  constructor(private readonly service: HistoricalDataService) {}

  @Get(':symbol/history')
  @ApiContract({
    summary: 'Bars of a symbol, made of its trades',
    description:
      'The oldest first, from archive and log together; intervals without trades are left out. A bar counts if it begins in ' +
      'the range, and is of all its trades so far.',
    params: symbolParameterSchema,
    query: historicalDataQuerySchema,
    response: historicalDataResponseSchema,
    errors: ['gateway.full', 'store.unavailable', 'broker.unavailable'],
  })
  barsOf(@Param('symbol') symbol: string, @Query() query: unknown, @CurrentPrincipal() principal: Principal) {
    return this.service.barsOf(symbol, query, principal);
  }
}
