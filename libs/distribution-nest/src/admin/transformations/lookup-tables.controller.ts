import {
  lookupRowsSchema,
  lookupSummarySchema,
  lookupTableSchema,
  pageQuerySchema,
  pageSchemaOf,
} from '@distributary/contracts';
import type { Principal } from '@distributary/distribution-core';
import { Body, Controller, Delete, Get, Param, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import { ApiContract } from '../../http/api-contract.js';
import { LookupTablesService } from './lookup-tables.service.js';

@ApiTags('transformations')
@Controller('lookup-tables')
export class LookupTablesController {
  constructor(private readonly tables: LookupTablesService) {}

  @Get()
  @ApiContract({
    summary: 'Look-up tables that transformations enrich events with',
    query: pageQuerySchema,
    response: pageSchemaOf(lookupSummarySchema),
    errors: ['store.unavailable'],
  })
  list(@CurrentPrincipal() principal: Principal, @Query() query: unknown) {
    return this.tables.list(principal, query);
  }

  @Get(':name')
  @ApiContract({
    summary: 'One look-up table with its rows',
    response: lookupTableSchema,
    errors: ['lookup_table.not_found', 'store.unavailable'],
  })
  get(@CurrentPrincipal() principal: Principal, @Param('name') name: string) {
    return this.tables.get(principal, name);
  }

  @Put(':name')
  @ApiContract({
    summary: 'Create or replace a look-up table as a whole; live subscriptions see its new rows',
    body: lookupRowsSchema,
    response: lookupTableSchema,
    errors: ['store.unavailable'],
  })
  put(@CurrentPrincipal() principal: Principal, @Param('name') name: string, @Body() body: unknown) {
    return this.tables.put(principal, name, body);
  }

  @Delete(':name')
  @ApiContract({
    summary: 'Delete a look-up table',
    status: 204,
    errors: ['lookup_table.not_found', 'store.unavailable'],
  })
  async delete(@CurrentPrincipal() principal: Principal, @Param('name') name: string): Promise<void> {
    await this.tables.delete(principal, name);
  }
}
