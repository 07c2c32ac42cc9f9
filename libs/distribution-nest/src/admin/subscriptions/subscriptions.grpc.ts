import type { SubscriptionView } from '@distributary/contracts';
import { IdempotentCalls, invalidRequest, type Principal } from '@distributary/distribution-core';
import type { Metadata } from '@grpc/grpc-js';
import { Controller, UseFilters } from '@nestjs/common';
import { Ctx, GrpcMethod, Payload } from '@nestjs/microservices';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import { selectionFieldsOf } from '../../doors/grpc/exchange-messages.js';
import { GrpcErrorFilter } from '../../doors/grpc/grpc-error.filter.js';
import { etagOf, preconditionOf } from '../http/etag.js';
import { onceByMetadata } from '../http/idempotent.js';
import { messageFields } from '../http/message-fields.js';
import { metadataText } from '../http/metadata-text.js';
import type { Versioned } from '../topics/topics.service.js';
import { SubscriptionsService } from './subscriptions.service.js';

/** As proto-loader gives them: what was not sent is not there. */
type Fields = Readonly<Record<string, unknown>>;

const SERVICE = 'SubscriptionManager';

/** `distributary.management.v1.SubscriptionManager`. */
@Controller()
@UseFilters(GrpcErrorFilter)
export class SubscriptionsGrpc {
  constructor(
    private readonly subscriptions: SubscriptionsService,
    private readonly calls: IdempotentCalls,
  ) {}

  @GrpcMethod(SERVICE, 'CreateSubscription')
  create(@Payload() request: Fields, @Ctx() metadata: Metadata, @CurrentPrincipal() principal: Principal) {
    const { subscription_id, type, start } = request;
    const input = { subscription_id, type, ...partsOf(request), ...selectionFieldsOf({ start }) };
    return onceByMetadata(this.calls, { principal, metadata, method: 'CreateSubscription', request }, async () =>
      message(await this.subscriptions.create(principal, messageFields(input))),
    );
  }

  @GrpcMethod(SERVICE, 'GetSubscription')
  async get(@Payload() request: Fields, @CurrentPrincipal() principal: Principal) {
    return message(await this.subscriptions.get(principal, nameOf(request)));
  }

  @GrpcMethod(SERVICE, 'ListSubscriptions')
  async list(@Payload() request: Fields, @CurrentPrincipal() principal: Principal) {
    const page = await this.subscriptions.list(principal, request);
    return { ...page, items: page.items.map((view) => viewMessage(view)) };
  }

  @GrpcMethod(SERVICE, 'UpdateSubscription')
  async update(@Payload() request: Fields, @Ctx() metadata: Metadata, @CurrentPrincipal() principal: Principal) {
    const precondition = preconditionIn(metadata);
    return message(await this.subscriptions.change(principal, nameOf(request), partsOf(request), precondition));
  }

  @GrpcMethod(SERVICE, 'PauseSubscription')
  async pause(@Payload() request: Fields, @Ctx() metadata: Metadata, @CurrentPrincipal() principal: Principal) {
    return message(await this.subscriptions.pause(principal, nameOf(request), preconditionIn(metadata)));
  }

  @GrpcMethod(SERVICE, 'ResumeSubscription')
  async resume(@Payload() request: Fields, @Ctx() metadata: Metadata, @CurrentPrincipal() principal: Principal) {
    return message(await this.subscriptions.resume(principal, nameOf(request), preconditionIn(metadata)));
  }

  @GrpcMethod(SERVICE, 'SeekSubscription')
  async seek(@Payload() request: Fields, @CurrentPrincipal() principal: Principal) {
    const { start } = selectionFieldsOf({ start: request.start ?? {} });
    return message(await this.subscriptions.seek(principal, nameOf(request), { start }));
  }

  @GrpcMethod(SERVICE, 'AcknowledgeSubscription')
  async acknowledge(@Payload() request: Fields, @CurrentPrincipal() principal: Principal) {
    const { subscription_id: _name, generation = 0, positions, cursor } = request;
    const hasPositions = Array.isArray(positions) && positions.length > 0;
    // Zeros and empty texts are not on the wire.
    const whole = (lane: Fields) => ({ topic: '', partition: 0, epoch: '', position: '', ...lane });
    await this.subscriptions.ack(principal, nameOf(request), {
      generation,
      ...(cursor !== undefined && { cursor }),
      ...(hasPositions && { positions: (positions as Fields[]).map(whole) }),
    });
    return {};
  }

  @GrpcMethod(SERVICE, 'DeleteSubscription')
  async delete(@Payload() request: Fields, @Ctx() metadata: Metadata, @CurrentPrincipal() principal: Principal) {
    return viewMessage(await this.subscriptions.delete(principal, nameOf(request), preconditionIn(metadata)));
  }

  @GrpcMethod(SERVICE, 'GetSubscriptionHealth')
  health(@Payload() request: Fields, @CurrentPrincipal() principal: Principal) {
    return this.subscriptions.health(principal, nameOf(request));
  }

  @GrpcMethod(SERVICE, 'GetSubscriptionStats')
  stats(@Payload() request: Fields, @CurrentPrincipal() principal: Principal) {
    return this.subscriptions.stats(principal, nameOf(request));
  }
}

function nameOf({ subscription_id: name }: Fields): string {
  if (typeof name === 'string' && name !== '') return name;
  throw invalidRequest([{ path: 'subscription_id', rule: 'must name the subscription' }]);
}

const preconditionIn = (metadata: Metadata) => preconditionOf(metadataText(metadata, 'if-match'));

/** Selection and options in the JSON shapes of the REST door; an empty list is one that was not sent. */
function partsOf({ selection = {}, options = {} }: Fields): Fields {
  return messageFields(selectionFieldsOf({ ...(selection as Fields), ...(options as Fields) }));
}

const message = ({ view, version }: Versioned<SubscriptionView>): Fields => ({
  ...viewMessage(view),
  etag: etagOf(version),
});

/** Free-form JSON is text there. */
export function viewMessage({ filter, transformation, ...view }: SubscriptionView): Fields {
  return {
    ...view,
    filter: filter === null || filter === undefined ? '' : JSON.stringify(filter),
    ...(transformation !== undefined && {
      transformation: typeof transformation === 'string' ? transformation : JSON.stringify(transformation),
    }),
  };
}
