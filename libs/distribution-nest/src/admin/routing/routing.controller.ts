import {
  newRuleSchema,
  routingExplanationSchema,
  routingTestSchema,
  ruleChangeSchema,
  ruleListSchema,
  ruleOrderSchema,
  ruleSchema,
} from '@distributary/contracts';
import type { Principal } from '@distributary/distribution-core';
import { Body, Controller, Delete, Get, Headers, Param, Patch, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import { ApiContract } from '../../http/api-contract.js';
import { ETAG_HEADER, ifMatchHeaders, preconditionOf, tagged } from '../http/etag.js';
import { IDEMPOTENCY_ERRORS, idempotencyHeaders, Idempotent } from '../http/idempotent.js';
import { RoutingService, type VersionedRule } from './routing.service.js';

@ApiTags('routing')
@Controller('routing')
export class RoutingController {
  constructor(private readonly routing: RoutingService) {}

  @Get('rules')
  @ApiContract({ summary: 'All routing rules, in the order in which they are looked at', response: ruleListSchema })
  list(@CurrentPrincipal() principal: Principal) {
    return this.routing.list(principal);
  }

  @Post('rules')
  @Idempotent()
  @ApiContract({
    summary: 'Create a routing rule; it applies to the next event',
    headers: idempotencyHeaders,
    body: newRuleSchema,
    response: ruleSchema,
    status: 201,
    responseHeaders: ETAG_HEADER,
    errors: [...IDEMPOTENCY_ERRORS, 'rule.exists'],
  })
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return answer(reply, await this.routing.create(principal, body));
  }

  @Post('rules/order')
  @ApiContract({
    summary: 'Put rules in another order; those that are not named follow as they were',
    body: ruleOrderSchema,
    response: ruleListSchema,
    status: 200,
    errors: ['rule.not_found', 'precondition.failed', 'store.unavailable'],
  })
  reorder(@CurrentPrincipal() principal: Principal, @Body() body: unknown) {
    return this.routing.reorder(principal, body);
  }

  @Post(['test', 'rules/test'])
  @ApiContract({
    summary: 'Which rules would fire for an event, and why the others would not',
    description: 'Nothing is published. Rules that are given are tried in the place of rules of the same names.',
    body: routingTestSchema,
    response: routingExplanationSchema,
    status: 200,
    errors: ['topic.not_found'],
  })
  test(@CurrentPrincipal() principal: Principal, @Body() body: unknown) {
    return this.routing.test(principal, body);
  }

  @Get('rules/:id')
  @ApiContract({
    summary: 'One routing rule',
    response: ruleSchema,
    responseHeaders: ETAG_HEADER,
    errors: ['rule.not_found'],
  })
  get(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return answer(reply, this.routing.get(principal, id));
  }

  @Patch('rules/:id')
  @ApiContract({
    summary: 'Change a routing rule, enable or disable it; null takes a setting away',
    headers: ifMatchHeaders,
    body: ruleChangeSchema,
    response: ruleSchema,
    responseHeaders: ETAG_HEADER,
    errors: ['rule.not_found', 'rule.exists', 'precondition.failed', 'store.unavailable'],
  })
  async change(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Body() body: unknown,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return answer(reply, await this.routing.change(principal, id, body, preconditionOf(ifMatch)));
  }

  @Delete('rules/:id')
  @ApiContract({
    summary: 'Delete a routing rule',
    headers: ifMatchHeaders,
    status: 204,
    errors: ['rule.not_found', 'precondition.failed', 'store.unavailable'],
  })
  async delete(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    await this.routing.delete(principal, id, preconditionOf(ifMatch));
  }
}

const answer = (reply: FastifyReply, { view, version }: VersionedRule) => tagged(reply, version, view);
