import {
  newTopicSchema,
  pageQuerySchema,
  pageSchemaOf,
  topicChangeSchema,
  topicSchema,
  topicStatsSchema,
} from '@distributary/contracts';
import type { Principal } from '@distributary/distribution-core';
import { Body, Controller, Delete, Get, Headers, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import { parseWith } from '../../doors/stream-commands.js';
import { CachedAnswer } from '../../cache/read-cache.interceptor.js';
import { ApiContract } from '../../http/api-contract.js';
import { ETAG_HEADER, ifMatchHeaders, preconditionOf, tagged } from '../http/etag.js';
import { IDEMPOTENCY_ERRORS, idempotencyHeaders, Idempotent } from '../http/idempotent.js';
import { TopicsService } from './topics.service.js';

const deletionQuery = z.object({
  force: z
    .enum(['true', 'false'])
    .default('false')
    .describe('Delete it even though durable subscriptions select nothing else'),
});

/** Names hold slashes: in a path they are written `%2F`. */
@ApiTags('topics')
@Controller('topics')
export class TopicsController {
  constructor(private readonly topics: TopicsService) {}

  @Get()
  @ApiContract({
    summary: 'Topics, with what their lanes hold',
    query: pageQuerySchema,
    response: pageSchemaOf(topicSchema),
    errors: ['broker.unavailable'],
  })
  list(@CurrentPrincipal() principal: Principal, @Query() query: unknown) {
    return this.topics.list(principal, query);
  }

  @Post()
  @Idempotent()
  @ApiContract({
    summary: 'Create a topic; it streams at once to all subscriptions that select it',
    headers: idempotencyHeaders,
    body: newTopicSchema,
    response: topicSchema,
    status: 201,
    responseHeaders: ETAG_HEADER,
    errors: [...IDEMPOTENCY_ERRORS, 'topic.exists', 'broker.unavailable'],
  })
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { view, version } = await this.topics.create(principal, body);
    return tagged(reply, version, view);
  }

  @Get(':name')
  @ApiContract({
    summary: 'One topic',
    response: topicSchema,
    responseHeaders: ETAG_HEADER,
    errors: ['topic.not_found', 'broker.unavailable'],
  })
  async get(
    @CurrentPrincipal() principal: Principal,
    @Param('name') name: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { view, version } = await this.topics.get(principal, name);
    return tagged(reply, version, view);
  }

  @Patch(':name')
  @ApiContract({
    summary: 'Change a topic; what changes takes effect for live subscriptions too',
    headers: ifMatchHeaders,
    body: topicChangeSchema,
    response: topicSchema,
    responseHeaders: ETAG_HEADER,
    errors: ['topic.not_found', 'precondition.failed', 'store.unavailable', 'broker.unavailable'],
  })
  async change(
    @CurrentPrincipal() principal: Principal,
    @Param('name') name: string,
    @Body() body: unknown,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { view, version } = await this.topics.change(principal, name, body, preconditionOf(ifMatch));
    return tagged(reply, version, view);
  }

  @Delete(':name')
  @ApiContract({
    summary: 'Delete a topic and its events; those who read it are told with a gap',
    headers: ifMatchHeaders,
    query: deletionQuery,
    status: 204,
    errors: ['topic.not_found', 'topic.in_use', 'precondition.failed', 'store.unavailable', 'broker.unavailable'],
  })
  async delete(
    @CurrentPrincipal() principal: Principal,
    @Param('name') name: string,
    @Query() query: unknown,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    const { force } = parseWith(deletionQuery, query);
    await this.topics.delete(principal, name, force === 'true', preconditionOf(ifMatch));
  }

  @Get(':name/stats')
  @CachedAnswer('topics.stats')
  @ApiContract({
    summary: 'What the lanes of a topic hold, and how fast they grow',
    response: topicStatsSchema,
    errors: ['topic.not_found', 'broker.unavailable'],
  })
  stats(@CurrentPrincipal() principal: Principal, @Param('name') name: string) {
    return this.topics.stats(principal, name);
  }
}
