import type { Principal } from '@distributary/distribution-core';
import {
  CurrentPrincipal,
  eventsOf,
  GrpcErrorFilter,
  messageFields,
  type PublishStreamCall,
  selectionFieldsOf,
  SubscriptionsService,
} from '@distributary/distribution-nest';
import { Controller, UseFilters } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall, Payload } from '@nestjs/microservices';
import { EventsService, GrpcCalls, manageSubscription } from '@distributary/distribution-service';
import { MONITORING_GRPC } from './grpc-contract.js';

type SubscriptionRequest = Readonly<Record<string, unknown>> & {
  readonly action?: string | number;
  readonly subscription_id?: string;
  readonly limit?: number;
  readonly cursor?: string;
};

/** What `distributary.monitoring.v1.MonitoringStream` has beside its streams. */
@Controller()
@UseFilters(GrpcErrorFilter)
export class RequestsGrpc {
  constructor(
    private readonly calls: GrpcCalls,
    private readonly events: EventsService,
    private readonly subscriptions: SubscriptionsService,
  ) {}

  @GrpcMethod(MONITORING_GRPC.service, 'Publish')
  publish(@Payload() request: { readonly events?: unknown }, @CurrentPrincipal() principal: Principal) {
    return this.events.ingest({ events: eventsOf(request.events) }, principal);
  }

  @GrpcStreamCall(MONITORING_GRPC.service, 'PublishStream')
  publishStream(call: PublishStreamCall): void {
    this.calls.publishStream(call);
  }

  @GrpcMethod(MONITORING_GRPC.service, 'ManageSubscription')
  manage(@Payload() request: SubscriptionRequest, @CurrentPrincipal() principal: Principal) {
    const { action, subscription_id: id = '', limit, cursor } = request;
    return manageSubscription(this.subscriptions, principal, {
      action,
      id,
      idField: 'subscription_id',
      limit,
      cursor,
      creation: () => {
        const {
          action: _action,
          limit: _limit,
          cursor: _cursor,
          ...fields
        } = messageFields(selectionFieldsOf(request));
        return fields;
      },
    });
  }
}
