import { tenantQuotaSchema, tenantQuotaViewSchema } from '@distributary/contracts';
import type { Principal } from '@distributary/distribution-core';
import { Body, Controller, Get, Param, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import { ApiContract } from '../../http/api-contract.js';
import { QuotasService } from './quotas.service.js';

@ApiTags('tenants')
@Controller('tenants')
export class QuotasController {
  constructor(private readonly quotas: QuotasService) {}

  @Get(':tenant/quota')
  @ApiContract({
    summary: 'What a tenant may have and use, and what it has and uses',
    response: tenantQuotaViewSchema,
    errors: ['request.invalid', 'store.unavailable'],
  })
  get(@CurrentPrincipal() principal: Principal, @Param('tenant') tenant: string) {
    return this.quotas.get(principal, tenant);
  }

  @Put(':tenant/quota')
  @ApiContract({
    summary: 'Set what a tenant may have and use; for those who run the service',
    body: tenantQuotaSchema,
    response: tenantQuotaViewSchema,
    errors: ['store.unavailable'],
  })
  put(@CurrentPrincipal() principal: Principal, @Param('tenant') tenant: string, @Body() body: unknown) {
    return this.quotas.put(principal, tenant, body);
  }
}
