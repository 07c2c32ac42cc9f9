import { marketSubscriptionRequestSchema } from '@distributary/contracts';
import type { Principal } from '@distributary/distribution-core';
import {
  createdSubscription,
  CreatesSubscription,
  CurrentPrincipal,
  SubscriptionsService,
} from '@distributary/distribution-nest';
import { Body, Controller, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { newSubscriptionOf } from './subscription-request.js';

/** Durable subscriptions in the specification's words; what becomes of them is under `subscriptions`. */
@ApiTags('subscriptions')
@Controller('api/v1/market-data/subscription-requests')
export class SubscriptionRequestsController {
  constructor(private readonly subscriptions: SubscriptionsService) {}

  @Post()
  @CreatesSubscription({
    summary: 'Create a subscription by topic, name, type, filters and start position',
    body: marketSubscriptionRequestSchema,
  })
  create(
    @CurrentPrincipal() principal: Principal,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return createdSubscription(this.subscriptions, principal, newSubscriptionOf(body), reply);
  }
}
