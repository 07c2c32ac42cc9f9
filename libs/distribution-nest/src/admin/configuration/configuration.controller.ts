import { type ConfigurationView, configurationSchema } from '@distributary/contracts';
import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { OperatorOnly } from '../../auth/operator.guard.js';
import { ApiContract } from '../../http/api-contract.js';
import { EffectiveConfiguration } from './configuration.js';

@ApiTags('configuration')
@Controller('config')
export class ConfigurationController {
  constructor(private readonly configuration: EffectiveConfiguration) {}

  @Get()
  @OperatorOnly('manage')
  @ApiContract({
    summary: 'The settings that the service runs with; of secrets only whether they are set',
    response: configurationSchema,
  })
  show(): ConfigurationView {
    return this.configuration.view;
  }
}
