import type { Principal } from '@distributary/distribution-core';
import {
  CurrentPrincipal,
  eventsOf,
  GrpcErrorFilter,
  type PublishStreamCall,
  SubscriptionsService,
} from '@distributary/distribution-nest';
import { Controller, UseFilters } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall, Payload } from '@nestjs/microservices';
import { EventsService, manageSubscription } from '@distributary/distribution-service';
import { type SubscriptionMessage, creationOf } from '../subscriptions/subscription-message.js';
import { MarketDataCalls } from './market-data-calls.js';

/** What `distributary.marketdata.v1.MarketDataStream` has beside its streams. */
@Controller()
@UseFilters(GrpcErrorFilter)
export class RequestsGrpc {
  constructor(
    private readonly calls: MarketDataCalls,
    private readonly events: EventsService,
    private readonly subscriptions: SubscriptionsService,
  ) {}

  @GrpcMethod('MarketDataStream', 'Publish')
  publish(@Payload() request: { readonly events?: unknown }, @CurrentPrincipal() principal: Principal) {
    return this.events.ingest({ events: eventsOf(request.events) }, principal);
  }

  @GrpcStreamCall('MarketDataStream', 'PublishStream')
  publishStream(call: PublishStreamCall): void {
    this.calls.publishStream(call);
  }

  @GrpcMethod('MarketDataStream', 'ManageSubscription')
  manage(@Payload() request: SubscriptionMessage, @CurrentPrincipal() principal: Principal) {
    const { action, subscription: id = '', limit, cursor } = request;
    return manageSubscription(this.subscriptions, principal, {
      action,
      id,
      limit,
      cursor,
      creation: () => creationOf(request),
    });
  }
}
