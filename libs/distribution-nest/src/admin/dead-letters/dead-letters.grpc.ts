import { invalidRequest, type Principal } from '@distributary/distribution-core';
import { Controller, UseFilters } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import { GrpcErrorFilter } from '../../doors/grpc/grpc-error.filter.js';
import { messageFields } from '../http/message-fields.js';
import { DeadLettersService } from './dead-letters.service.js';

/** As proto-loader gives them: what was not sent is not there. */
type Fields = Readonly<Record<string, unknown>>;

const SERVICE = 'DeadLetterManager';

/** `distributary.management.v1.DeadLetterManager`. */
@Controller()
@UseFilters(GrpcErrorFilter)
export class DeadLettersGrpc {
  constructor(private readonly letters: DeadLettersService) {}

  @GrpcMethod(SERVICE, 'ListDeadLetters')
  list(@Payload() request: Fields, @CurrentPrincipal() principal: Principal) {
    return this.letters.list(principal, messageFields(request));
  }

  @GrpcMethod(SERVICE, 'GetDeadLetter')
  async get(@Payload() request: Fields, @CurrentPrincipal() principal: Principal) {
    const { event, ...letter } = await this.letters.get(principal, idOf(request));
    return { ...letter, ...(event !== undefined && { event: Buffer.from(JSON.stringify(event)) }) };
  }

  @GrpcMethod(SERVICE, 'ReplayDeadLetter')
  replayOne(@Payload() request: Fields, @CurrentPrincipal() principal: Principal) {
    const { dead_letter_id: _, ...target } = messageFields(request);
    return this.letters.replayOne(principal, idOf(request), target);
  }

  @GrpcMethod(SERVICE, 'ReplayDeadLetters')
  replay(@Payload() request: Fields, @CurrentPrincipal() principal: Principal) {
    return this.letters.replay(principal, messageFields(request));
  }

  @GrpcMethod(SERVICE, 'DiscardDeadLetter')
  discardOne(@Payload() request: Fields, @CurrentPrincipal() principal: Principal) {
    return this.letters.discardOne(principal, idOf(request));
  }

  @GrpcMethod(SERVICE, 'DiscardDeadLetters')
  discard(@Payload() { target: _, ...request }: Fields, @CurrentPrincipal() principal: Principal) {
    return this.letters.discard(principal, messageFields(request));
  }
}

function idOf({ dead_letter_id: id }: Fields): string {
  if (typeof id === 'string' && id !== '') return id;
  throw invalidRequest([{ path: 'dead_letter_id', rule: 'must name the dead letter' }]);
}
