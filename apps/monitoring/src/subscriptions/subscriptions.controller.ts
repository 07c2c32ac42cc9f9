import { pageOf, pageQuerySchema } from '@distributary/contracts';
import { type CursorStore, type SubscriptionStore, filterToJson } from '@distributary/distribution-core';
import { parseWith } from '@distributary/distribution-nest';
import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { CURSOR_STORE, SUBSCRIPTION_STORE } from '../tokens.js';

@ApiTags('subscriptions')
@Controller('api/v1/monitoring/subscriptions')
export class SubscriptionsController {
  constructor(
    @Inject(SUBSCRIPTION_STORE) private readonly subscriptions: SubscriptionStore,
    @Inject(CURSOR_STORE) private readonly cursors: CursorStore,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Durable subscriptions, with their stored positions' })
  @ApiQuery({ name: 'limit', required: false })
  @ApiQuery({ name: 'cursor', required: false })
  async list(@Query() query: unknown) {
    const all = await this.subscriptions.list();
    const page = pageOf(all, (subscription) => subscription.subscriptionId, parseWith(pageQuerySchema, query));
    const items = await Promise.all(
      page.items.map(async (subscription) => ({
        subscription_id: subscription.subscriptionId,
        subscriber_service: subscription.subscriberService,
        patterns: subscription.topicPatterns,
        keys: subscription.keyPatterns,
        filter: subscription.filter === undefined ? null : filterToJson(subscription.filter),
        type: subscription.type,
        delivery_guarantee: subscription.deliveryGuarantee,
        slow_policy: subscription.slowPolicy,
        status: subscription.status,
        created_at: new Date(subscription.createdAtMicros / 1000).toISOString(),
        positions: await this.cursors.load(subscription.subscriptionId),
      })),
    );
    return { ...page, items };
  }
}
