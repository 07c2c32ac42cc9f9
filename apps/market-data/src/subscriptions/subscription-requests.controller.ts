import { marketSubscriptionRequestSchema, subscriptionViewSchema } from '@distributary/contracts';
import type { Principal } from '@distributary/distribution-core';
import {
  ApiContract,
  CurrentPrincipal,
  ETAG_HEADER,
  IDEMPOTENCY_ERRORS,
  Idempotent,
  idempotencyHeaders,
  SubscriptionsService,
  tagged,
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
  @Idempotent()
  @ApiContract({
    summary: 'Create a subscription by topic, name, type, filters and start position',
    headers: idempotencyHeaders,
    body: marketSubscriptionRequestSchema,
    response: subscriptionViewSchema,
    status: 201,
    responseHeaders: ETAG_HEADER,
    errors: [...IDEMPOTENCY_ERRORS, 'subscription.exists', 'topic.not_found', 'broker.unavailable'],
  })
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { view, version } = await this.subscriptions.create(principal, newSubscriptionOf(body));
    return tagged(reply, version, view);
  }
}
