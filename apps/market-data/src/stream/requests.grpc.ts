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
import { EventsService, GrpcCalls, manageSubscription } from '@distributary/distribution-service';
import { type SubscriptionMessage, creationOf } from '../subscriptions/subscription-message.js';
import { MARKET_DATA_GRPC } from './grpc-contract.js';

/** What `distributary.marketdata.v1.MarketDataStream` has beside its streams. */
@Controller()
@UseFilters(GrpcErrorFilter)
export class RequestsGrpc {
  constructor(
    private readonly calls: GrpcCalls,
    private readonly events: EventsService,
    private readonly subscriptions: SubscriptionsService,
  ) {}

  @GrpcMethod(MARKET_DATA_GRPC.service, 'Publish')
  publish(@Payload() request: { readonly events?: unknown }, @CurrentPrincipal() principal: Principal) {
    return this.events.ingest({ events: eventsOf(request.events) }, principal);
  }

  @GrpcStreamCall(MARKET_DATA_GRPC.service, 'PublishStream')
  publishStream(call: PublishStreamCall): void {
    this.calls.publishStream(call);
  }

  @GrpcMethod(MARKET_DATA_GRPC.service, 'ManageSubscription')
  manage(@Payload() request: SubscriptionMessage, @CurrentPrincipal() principal: Principal) {
    const { action, subscription: id = '', limit, cursor } = request;
    return manageSubscription(this.subscriptions, principal, {
      action,
      id,
      idField: 'subscription',
      limit,
      cursor,
      creation: () => creationOf(request),
    });
  }
}
