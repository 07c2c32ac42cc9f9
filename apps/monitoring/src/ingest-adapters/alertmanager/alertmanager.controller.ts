import { alertmanagerWebhookSchema, publishResultSchema } from '@distributary/contracts';
import { ApiContract, CurrentPrincipal, NotAudited } from '@distributary/distribution-nest';
import type { Principal } from '@distributary/distribution-core';
import { Body, Controller, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { AlertmanagerService } from './alertmanager.service.js';

const answerSchema = z.object({ results: z.array(publishResultSchema), truncated_alerts: z.int() });

@ApiTags('ways in')
@NotAudited()
@Controller('api/v1/monitoring/alertmanager')
export class AlertmanagerController {
  constructor(private readonly alertmanager: AlertmanagerService) {}

  @Post('webhook')
  @ApiContract({
    summary: 'Notifications of Prometheus Alertmanager (webhook_configs, version 4), as ALERTS events',
    description:
      'alert_id is made of the fingerprint; the label severity becomes CRITICAL, WARNING or INFO; a notification ' +
      'that is repeated within two minutes publishes nothing twice, a later one raises the same alert_id again.',
    body: alertmanagerWebhookSchema,
    status: 202,
    response: answerSchema,
    responseDescription: 'The broker has the alerts; one result for each, in their order.',
    errors: ['topic.not_found', 'schema.rejected', 'ingest.busy', 'broker.unavailable'],
  })
  webhook(@Body() body: unknown, @CurrentPrincipal() principal: Principal) {
    return this.alertmanager.take(body, principal);
  }
}
