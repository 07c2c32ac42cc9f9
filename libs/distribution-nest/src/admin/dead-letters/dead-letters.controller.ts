import {
  deadLetterOutcomeSchema,
  deadLetterQuerySchema,
  deadLetterReplaySchema,
  deadLetterSchema,
  deadLetterSelectionSchema,
  deadLetterTargetSchema,
  deadLetterWithEventSchema,
  pageSchemaOf,
} from '@distributary/contracts';
import type { Principal } from '@distributary/distribution-core';
import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import { ApiContract } from '../../http/api-contract.js';
import { DeadLettersService } from './dead-letters.service.js';

@ApiTags('dead-letters')
@Controller('dead-letters')
export class DeadLettersController {
  constructor(private readonly letters: DeadLettersService) {}

  @Get()
  @ApiContract({
    summary: 'Events that subscriptions could not be given, oldest first',
    query: deadLetterQuerySchema,
    response: pageSchemaOf(deadLetterSchema),
    errors: ['store.unavailable'],
  })
  list(@CurrentPrincipal() principal: Principal, @Query() query: unknown) {
    return this.letters.list(principal, query);
  }

  @Post('replay')
  @HttpCode(200)
  @ApiContract({
    summary: 'Send dead letters again: those of a subscription, of a topic, of a time, or all',
    body: deadLetterReplaySchema,
    response: deadLetterOutcomeSchema,
    errors: ['topic.not_found', 'position.lost', 'store.unavailable', 'broker.unavailable'],
  })
  replay(@CurrentPrincipal() principal: Principal, @Body() body: unknown) {
    return this.letters.replay(principal, body);
  }

  @Post('discard')
  @HttpCode(200)
  @ApiContract({
    summary: 'Give dead letters up: those of a subscription, of a topic, of a time, or all',
    body: deadLetterSelectionSchema,
    response: deadLetterOutcomeSchema,
    errors: ['store.unavailable'],
  })
  discard(@CurrentPrincipal() principal: Principal, @Body() body: unknown) {
    return this.letters.discard(principal, body);
  }

  @Get(':id')
  @ApiContract({
    summary: 'One dead letter, with its event',
    response: deadLetterWithEventSchema,
    errors: ['dead_letter.not_found', 'store.unavailable', 'broker.unavailable'],
  })
  get(@CurrentPrincipal() principal: Principal, @Param('id') id: string) {
    return this.letters.get(principal, id);
  }

  @Post(':id/replay')
  @HttpCode(200)
  @ApiContract({
    summary: 'Send one dead letter again, to its subscription alone or to its topic; twice is once',
    body: deadLetterTargetSchema,
    response: deadLetterSchema,
    errors: ['dead_letter.not_found', 'topic.not_found', 'position.lost', 'store.unavailable', 'broker.unavailable'],
  })
  replayOne(@CurrentPrincipal() principal: Principal, @Param('id') id: string, @Body() body: unknown) {
    return this.letters.replayOne(principal, id, body);
  }

  @Delete(':id')
  @ApiContract({
    summary: 'Give one dead letter up',
    response: deadLetterSchema,
    errors: ['dead_letter.not_found', 'store.unavailable'],
  })
  discardOne(@CurrentPrincipal() principal: Principal, @Param('id') id: string) {
    return this.letters.discardOne(principal, id);
  }
}
