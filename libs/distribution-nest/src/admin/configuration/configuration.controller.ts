import { type ConfigurationView, configurationSchema } from '@distributary/contracts';
import { type Principal, requirePermission } from '@distributary/distribution-core';
import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import { ApiContract } from '../../http/api-contract.js';
import { EffectiveConfiguration } from './configuration.js';

@ApiTags('configuration')
@Controller('config')
export class ConfigurationController {
  constructor(private readonly configuration: EffectiveConfiguration) {}

  @Get()
  @ApiContract({
    summary: 'The settings that the service runs with; of secrets only whether they are set',
    response: configurationSchema,
  })
  show(@CurrentPrincipal() principal: Principal): ConfigurationView {
    requirePermission(principal, 'manage');
    return this.configuration.view;
  }
}
