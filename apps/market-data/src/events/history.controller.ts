import { marketDataEventsSchema } from '@distributary/contracts';
import type { Principal } from '@distributary/distribution-core';
import { ApiContract, CurrentPrincipal } from '@distributary/distribution-nest';
import { Controller, Get, Header, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { historyQuerySchema, HistoryService } from '@distributary/distribution-service';

@ApiTags('events')
@Controller('api/v1/market-data/events')
export class HistoryController {
  constructor(private readonly history: HistoryService) {}

  @Get()
  @Header('content-type', 'application/json; charset=utf-8')
  @ApiContract({
    summary: 'What the topics still keep',
    description:
      'In order within a lane, lane after lane, page by page. The cursor of the last page starts a live subscription where ' +
      'history ends, with no hole and no copy in between.',
    query: historyQuerySchema,
    selects: 'query',
    response: marketDataEventsSchema,
    errors: ['topic.not_found', 'position.lost', 'broker.unavailable'],
  })
  page(@Query() query: unknown, @CurrentPrincipal() principal: Principal) {
    return this.history.page(query, principal);
  }
}
