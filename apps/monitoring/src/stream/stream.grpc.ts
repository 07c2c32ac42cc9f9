import type { Principal } from '@distributary/distribution-core';
import {
  CurrentPrincipal,
  type ExchangeCall,
  eventsOf,
  GrpcErrorFilter,
  type PublishStreamCall,
  SubscriptionsService,
} from '@distributary/distribution-nest';
import { Controller, UseFilters } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall, Payload } from '@nestjs/microservices';
import { NEVER, type Observable } from 'rxjs';
import { EventsService } from '../events/events.service.js';
import { manageSubscription, type SubscriptionRequest } from '../subscriptions/manage-subscription.js';
import { MonitoringCalls, type StreamCall } from './monitoring-calls.js';

/** `distributary.monitoring.v1.MonitoringStream`; streams go out past Nest, as they do over WebSocket. */
@Controller()
@UseFilters(GrpcErrorFilter)
export class StreamGrpc {
  constructor(
    private readonly calls: MonitoringCalls,
    private readonly events: EventsService,
    private readonly subscriptions: SubscriptionsService,
  ) {}

  @GrpcMethod('MonitoringStream', 'StreamMonitoring')
  async stream(request: object, _metadata: unknown, call: StreamCall): Promise<Observable<never>> {
    await this.calls.stream(call, request);
    // Nest ends the call with its observable; this one ends with the client or the session.
    return NEVER;
  }

  @GrpcStreamCall('MonitoringStream', 'Exchange')
  exchange(call: ExchangeCall): void {
    this.calls.exchange(call);
  }

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
