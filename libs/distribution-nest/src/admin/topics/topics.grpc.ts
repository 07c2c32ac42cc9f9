import type { TopicView } from '@distributary/contracts';
import { IdempotentCalls, invalidRequest, type Principal, type ResourceVersion } from '@distributary/distribution-core';
import type { Metadata } from '@grpc/grpc-js';
import { Controller, UseFilters } from '@nestjs/common';
import { Ctx, GrpcMethod, Payload } from '@nestjs/microservices';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import { GrpcErrorFilter } from '../../doors/grpc/grpc-error.filter.js';
import { etagOf, preconditionOf } from '../http/etag.js';
import { onceByMetadata } from '../http/idempotent.js';
import { messageFields } from '../http/message-fields.js';
import { metadataText } from '../http/metadata-text.js';
import { TopicsService } from './topics.service.js';

/** As proto-loader gives them: what was not sent is not there. */
type Fields = Readonly<Record<string, unknown>>;

const SERVICE = 'TopicManager';

/** `distributary.management.v1.TopicManager`. */
@Controller()
@UseFilters(GrpcErrorFilter)
export class TopicsGrpc {
  constructor(
    private readonly topics: TopicsService,
    private readonly calls: IdempotentCalls,
  ) {}

  @GrpcMethod(SERVICE, 'CreateTopic')
  create(@Payload() request: Fields, @Ctx() metadata: Metadata, @CurrentPrincipal() principal: Principal) {
    return onceByMetadata(this.calls, { principal, metadata, method: 'CreateTopic', request }, async () => {
      const { view, version } = await this.topics.create(principal, inputOf(request));
      return message(view, version);
    });
  }

  @GrpcMethod(SERVICE, 'GetTopic')
  async get(@Payload() request: Fields, @CurrentPrincipal() principal: Principal) {
    const { view, version } = await this.topics.get(principal, nameOf(request));
    return message(view, version);
  }

  @GrpcMethod(SERVICE, 'ListTopics')
  async list(@Payload() request: Fields, @CurrentPrincipal() principal: Principal) {
    const page = await this.topics.list(principal, request);
    return { ...page, items: page.items.map((view) => message(view)) };
  }

  @GrpcMethod(SERVICE, 'UpdateTopic')
  async update(@Payload() request: Fields, @Ctx() metadata: Metadata, @CurrentPrincipal() principal: Principal) {
    const { name: _name, ...change } = inputOf(request);
    const precondition = preconditionOf(metadataText(metadata, 'if-match'));
    const { view, version } = await this.topics.change(principal, nameOf(request), change, precondition);
    return message(view, version);
  }

  @GrpcMethod(SERVICE, 'DeleteTopic')
  async delete(@Payload() request: Fields, @Ctx() metadata: Metadata, @CurrentPrincipal() principal: Principal) {
    const precondition = preconditionOf(metadataText(metadata, 'if-match'));
    await this.topics.delete(principal, nameOf(request), request.force === true, precondition);
    return {};
  }

  @GrpcMethod(SERVICE, 'GetTopicStats')
  stats(@Payload() request: Fields, @CurrentPrincipal() principal: Principal) {
    return this.topics.stats(principal, nameOf(request));
  }
}

function nameOf({ name }: Fields): string {
  if (typeof name === 'string' && name !== '') return name;
  throw invalidRequest([{ path: 'name', rule: 'must name the topic' }]);
}

/** In the JSON shapes of the REST door. */
function inputOf(message: Fields): Fields {
  const { conflation_key, ...fields } = messageFields(message);
  if (conflation_key === undefined) return fields;
  const { kind, attributes } = conflation_key as { kind?: string; attributes?: { names?: readonly string[] } };
  return { ...fields, conflation_key: attributes === undefined ? kind : { attributes: attributes.names ?? [] } };
}

function message(view: TopicView, version?: ResourceVersion): Fields {
  const { conflation_key: key } = view;
  return {
    ...view,
    conflation_key: typeof key === 'string' ? { kind: key } : { attributes: { names: key.attributes } },
    ...(version === undefined ? {} : { etag: etagOf(version) }),
  };
}
