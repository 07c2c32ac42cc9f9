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
import { EventsService } from '@distributary/distribution-service';
import { manageSubscription, type SubscriptionRequest } from '../subscriptions/manage-subscription.js';
import { MonitoringCalls } from './monitoring-calls.js';

/** What `distributary.monitoring.v1.MonitoringStream` has beside its streams. */
@Controller()
@UseFilters(GrpcErrorFilter)
export class RequestsGrpc {
  constructor(
    private readonly calls: MonitoringCalls,
    private readonly events: EventsService,
    private readonly subscriptions: SubscriptionsService,
  ) {}

  @GrpcMethod('MonitoringStream', 'Publish')
  publish(@Payload() request: { readonly events?: unknown }, @CurrentPrincipal() principal: Principal) {
    return this.events.ingest({ events: eventsOf(request.events) }, principal);
  }

  @GrpcStreamCall('MonitoringStream', 'PublishStream')
  publishStream(call: PublishStreamCall): void {
    this.calls.publishStream(call);
  }

  @GrpcMethod('MonitoringStream', 'ManageSubscription')
  manage(@Payload() request: SubscriptionRequest, @CurrentPrincipal() principal: Principal) {
    return manageSubscription(this.subscriptions, principal, request);
  }
}
