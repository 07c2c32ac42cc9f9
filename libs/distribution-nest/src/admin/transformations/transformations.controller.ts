import {
  newTransformationSchema,
  pageQuerySchema,
  pageSchemaOf,
  transformationChangeSchema,
  transformationSchema,
  transformationTestResultSchema,
  transformationTestSchema,
} from '@distributary/contracts';
import type { Principal } from '@distributary/distribution-core';
import { Body, Controller, Delete, Get, Headers, Param, Post, Put, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import { ApiContract } from '../../http/api-contract.js';
import { IDEMPOTENCY_ERRORS, idempotencyHeaders, Idempotent } from '../http/idempotent.js';
import { ETAG_HEADER, ifMatchHeaders, preconditionOf, tagged } from '../http/etag.js';
import { TransformationsService } from './transformations.service.js';

@ApiTags('transformations')
@Controller('transformations')
export class TransformationsController {
  constructor(private readonly transformations: TransformationsService) {}

  @Get()
  @ApiContract({
    summary: 'Transformations that subscriptions and rules may name',
    query: pageQuerySchema,
    response: pageSchemaOf(transformationSchema),
    errors: ['store.unavailable'],
  })
  list(@CurrentPrincipal() principal: Principal, @Query() query: unknown) {
    return this.transformations.list(principal, query);
  }

  @Post()
  @Idempotent()
  @ApiContract({
    summary: 'Create a transformation; every problem of its steps is told',
    headers: idempotencyHeaders,
    body: newTransformationSchema,
    response: transformationSchema,
    status: 201,
    responseHeaders: ETAG_HEADER,
    errors: [...IDEMPOTENCY_ERRORS, 'transformation.exists'],
  })
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { view, version } = await this.transformations.create(principal, body);
    return tagged(reply, version, view);
  }

  @Post('test')
  @ApiContract({
    summary: 'What a transformation makes of an event, and what that costs; nothing is stored or sent',
    body: transformationTestSchema,
    response: transformationTestResultSchema,
    status: 200,
    errors: ['transformation.not_found', 'store.unavailable'],
  })
  test(@CurrentPrincipal() principal: Principal, @Body() body: unknown) {
    return this.transformations.test(principal, body);
  }

  @Get(':name')
  @ApiContract({
    summary: 'One transformation',
    response: transformationSchema,
    responseHeaders: ETAG_HEADER,
    errors: ['transformation.not_found', 'store.unavailable'],
  })
  async get(
    @CurrentPrincipal() principal: Principal,
    @Param('name') name: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { view, version } = await this.transformations.get(principal, name);
    return tagged(reply, version, view);
  }

  @Put(':name')
  @ApiContract({
    summary: 'Replace a transformation; live subscriptions go on with what they began with',
    headers: ifMatchHeaders,
    body: transformationChangeSchema,
    response: transformationSchema,
    responseHeaders: ETAG_HEADER,
    errors: ['transformation.not_found', 'precondition.failed', 'store.unavailable'],
  })
  async replace(
    @CurrentPrincipal() principal: Principal,
    @Param('name') name: string,
    @Body() body: unknown,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { view, version } = await this.transformations.replace(principal, name, body, preconditionOf(ifMatch));
    return tagged(reply, version, view);
  }

  @Delete(':name')
  @ApiContract({
    summary: 'Delete a transformation; whoever names it is refused from now on',
    headers: ifMatchHeaders,
    status: 204,
    errors: ['transformation.not_found', 'precondition.failed', 'store.unavailable'],
  })
  async delete(
    @CurrentPrincipal() principal: Principal,
    @Param('name') name: string,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    await this.transformations.delete(principal, name, preconditionOf(ifMatch));
  }
}
