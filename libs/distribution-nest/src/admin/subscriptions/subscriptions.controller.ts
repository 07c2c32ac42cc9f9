import {
  newSubscriptionSchema,
  pageSchemaOf,
  seekSchema,
  subscriptionAckSchema,
  subscriptionAnalyticsSchema,
  subscriptionChangeSchema,
  subscriptionHealthSchema,
  subscriptionQuerySchema,
  subscriptionViewSchema,
} from '@distributary/contracts';
import type { Principal } from '@distributary/distribution-core';
import { Body, Controller, Delete, Get, Headers, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import { ApiContract } from '../../http/api-contract.js';
import { ETAG_HEADER, ifMatchHeaders, preconditionOf, tagged } from '../http/etag.js';
import { createdSubscription, CreatesSubscription } from './creates-subscription.js';
import { SubscriptionsService } from './subscriptions.service.js';

/** Durable subscriptions; streams read them by their `name`, which is their `subscription_id`. */
@ApiTags('subscriptions')
@Controller('subscriptions')
export class SubscriptionsController {
  constructor(private readonly subscriptions: SubscriptionsService) {}

  @Get()
  @ApiContract({
    summary: 'Durable subscriptions, with their stored positions',
    query: subscriptionQuerySchema,
    response: pageSchemaOf(subscriptionViewSchema),
    errors: ['store.unavailable'],
  })
  list(@CurrentPrincipal() principal: Principal, @Query() query: unknown) {
    return this.subscriptions.list(principal, query);
  }

  @Post()
  @CreatesSubscription({
    summary: 'Create a subscription; its positions are those of this moment, so its first reader misses nothing',
    body: newSubscriptionSchema,
    selects: 'body',
  })
  create(
    @CurrentPrincipal() principal: Principal,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return createdSubscription(this.subscriptions, principal, body, reply);
  }

  @Get(':id')
  @ApiContract({
    summary: 'One subscription',
    response: subscriptionViewSchema,
    responseHeaders: ETAG_HEADER,
    errors: ['subscription.not_found', 'store.unavailable'],
  })
  async get(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { view, version } = await this.subscriptions.get(principal, id);
    return tagged(reply, version, view);
  }

  @Patch(':id')
  @ApiContract({
    summary: 'Change what a subscription selects, and how; whoever receives it goes on where it stands',
    headers: ifMatchHeaders,
    body: subscriptionChangeSchema,
    selects: 'body',
    response: subscriptionViewSchema,
    responseHeaders: ETAG_HEADER,
    errors: [
      'subscription.not_found',
      'subscription.taken',
      'precondition.failed',
      'store.unavailable',
      'broker.unavailable',
    ],
  })
  async change(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Body() body: unknown,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { view, version } = await this.subscriptions.change(principal, id, body, preconditionOf(ifMatch));
    return tagged(reply, version, view);
  }

  @Post(':id/pause')
  @ApiContract({
    summary: 'Stop delivering; positions stay, and whoever receives it is told',
    headers: ifMatchHeaders,
    response: subscriptionViewSchema,
    status: 200,
    responseHeaders: ETAG_HEADER,
    errors: ['subscription.not_found', 'precondition.failed', 'store.unavailable'],
  })
  async pause(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { view, version } = await this.subscriptions.pause(principal, id, preconditionOf(ifMatch));
    return tagged(reply, version, view);
  }

  @Post(':id/resume')
  @ApiContract({
    summary: 'Deliver again to whoever asks for it',
    headers: ifMatchHeaders,
    response: subscriptionViewSchema,
    status: 200,
    responseHeaders: ETAG_HEADER,
    errors: ['subscription.not_found', 'precondition.failed', 'store.unavailable'],
  })
  async resume(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { view, version } = await this.subscriptions.resume(principal, id, preconditionOf(ifMatch));
    return tagged(reply, version, view);
  }

  @Post(':id/seek')
  @ApiContract({
    summary: 'Move its positions, back or forth; whoever receives it goes on from there, in a new generation',
    body: seekSchema,
    response: subscriptionViewSchema,
    status: 200,
    responseHeaders: ETAG_HEADER,
    errors: ['subscription.not_found', 'subscription.taken', 'store.unavailable', 'broker.unavailable'],
  })
  async seek(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { view, version } = await this.subscriptions.seek(principal, id, body);
    return tagged(reply, version, view);
  }

  @Post(':id/ack')
  @ApiContract({
    summary: 'Acknowledge what was received over a transport that has no way back, such as server-sent events',
    body: subscriptionAckSchema,
    status: 204,
    errors: ['subscription.not_found', 'generation.stale', 'store.unavailable'],
  })
  ack(@CurrentPrincipal() principal: Principal, @Param('id') id: string, @Body() body: unknown): Promise<void> {
    return this.subscriptions.ack(principal, id, body);
  }

  @Get(':id/health')
  @ApiContract({
    summary: 'Lag of each lane, who receives it, when it was acknowledged last, and what is wrong with it',
    response: subscriptionHealthSchema,
    errors: ['subscription.not_found', 'store.unavailable', 'broker.unavailable'],
  })
  health(@CurrentPrincipal() principal: Principal, @Param('id') id: string) {
    return this.subscriptions.health(principal, id);
  }

  @Get(':id/stats')
  @ApiContract({
    summary: 'Volume, latency and selectivity of what this process delivered of it, over windows',
    response: subscriptionAnalyticsSchema,
    errors: ['subscription.not_found', 'store.unavailable'],
  })
  stats(@CurrentPrincipal() principal: Principal, @Param('id') id: string) {
    return this.subscriptions.stats(principal, id);
  }

  @Delete(':id')
  @ApiContract({
    summary: 'Delete a subscription and its positions; whoever receives it is told',
    headers: ifMatchHeaders,
    status: 204,
    errors: ['subscription.not_found', 'precondition.failed', 'store.unavailable'],
  })
  async delete(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    await this.subscriptions.delete(principal, id, preconditionOf(ifMatch));
  }
}
