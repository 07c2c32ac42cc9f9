import { subscriptionViewSchema } from '@distributary/contracts';
import type { Principal } from '@distributary/distribution-core';
import { applyDecorators } from '@nestjs/common';
import { ApiContract, type RouteContract } from '../../http/api-contract.js';
import { ETAG_HEADER, type HeaderSink, tagged } from '../http/etag.js';
import { Idempotent, IDEMPOTENCY_ERRORS, idempotencyHeaders } from '../http/idempotent.js';
import type { SubscriptionsService } from './subscriptions.service.js';

/** Beside `@Post()` of a route that makes a durable subscription, whatever its body is; it answers with {@link createdSubscription}. */
export const CreatesSubscription = (of: Pick<RouteContract, 'summary' | 'body' | 'selects'>): MethodDecorator =>
  applyDecorators(
    Idempotent(),
    ApiContract({
      ...of,
      headers: idempotencyHeaders,
      response: subscriptionViewSchema,
      status: 201,
      responseHeaders: ETAG_HEADER,
      errors: [...IDEMPOTENCY_ERRORS, 'subscription.exists', 'topic.not_found', 'broker.unavailable'],
    }),
  );

/** `wanted`: see {@link SubscriptionsService.create}. */
export async function createdSubscription(
  subscriptions: SubscriptionsService,
  principal: Principal,
  wanted: unknown,
  reply: HeaderSink,
) {
  const { view, version } = await subscriptions.create(principal, wanted);
  return tagged(reply, version, view);
}
