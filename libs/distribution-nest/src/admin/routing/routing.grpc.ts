import { IdempotentCalls, type Principal } from '@distributary/distribution-core';
import type { Metadata } from '@grpc/grpc-js';
import { Controller, UseFilters } from '@nestjs/common';
import { Ctx, GrpcMethod, Payload } from '@nestjs/microservices';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import { GrpcErrorFilter } from '../../doors/grpc/grpc-error.filter.js';
import { preconditionOf } from '../http/etag.js';
import { onceByMetadata } from '../http/idempotent.js';
import { metadataText } from '../http/metadata-text.js';
import { explanationMessage, type Fields, jsonOf, ruleInputOf, ruleMessage } from './routing-messages.js';
import { RoutingService } from './routing.service.js';

const SERVICE = 'RoutingManager';

/** `distributary.management.v1.RoutingManager`. */
@Controller()
@UseFilters(GrpcErrorFilter)
export class RoutingGrpc {
  constructor(
    private readonly routing: RoutingService,
    private readonly calls: IdempotentCalls,
  ) {}

  @GrpcMethod(SERVICE, 'CreateRule')
  create(@Payload() request: Fields, @Ctx() metadata: Metadata, @CurrentPrincipal() principal: Principal) {
    return onceByMetadata(this.calls, { principal, metadata, method: 'CreateRule', request }, async () => {
      const { view, version } = await this.routing.create(principal, ruleInputOf(request));
      return ruleMessage(view, version);
    });
  }

  @GrpcMethod(SERVICE, 'GetRule')
  get(@Payload() request: Fields, @CurrentPrincipal() principal: Principal) {
    const { view, version } = this.routing.get(principal, idOf(request));
    return ruleMessage(view, version);
  }

  @GrpcMethod(SERVICE, 'ListRules')
  list(@Payload() _request: Fields, @CurrentPrincipal() principal: Principal) {
    return { items: this.routing.list(principal).items.map((view) => ruleMessage(view)) };
  }

  @GrpcMethod(SERVICE, 'UpdateRule')
  async update(@Payload() request: Fields, @Ctx() metadata: Metadata, @CurrentPrincipal() principal: Principal) {
    const precondition = preconditionOf(metadataText(metadata, 'if-match'));
    const change = ruleInputOf((request.change ?? {}) as Fields, request.clear);
    const { view, version } = await this.routing.change(principal, idOf(request), change, precondition);
    return ruleMessage(view, version);
  }

  @GrpcMethod(SERVICE, 'DeleteRule')
  async delete(@Payload() request: Fields, @Ctx() metadata: Metadata, @CurrentPrincipal() principal: Principal) {
    await this.routing.delete(principal, idOf(request), preconditionOf(metadataText(metadata, 'if-match')));
    return {};
  }

  @GrpcMethod(SERVICE, 'ReorderRules')
  async reorder(@Payload() request: Fields, @CurrentPrincipal() principal: Principal) {
    const { items } = await this.routing.reorder(principal, { ids: request.ids ?? [] });
    return { items: items.map((view) => ruleMessage(view)) };
  }

  @GrpcMethod(SERVICE, 'TestRouting')
  test(@Payload() request: Fields, @CurrentPrincipal() principal: Principal) {
    const rules = ((request.rules ?? []) as readonly Fields[]).map((rule) => ruleInputOf(rule));
    const event = jsonOf(request.event, 'event');
    return explanationMessage(this.routing.test(principal, { event, ...(rules.length === 0 ? {} : { rules }) }));
  }
}

const idOf = ({ id }: Fields): string => (typeof id === 'string' ? id : '');
