import { Controller, Get, Inject } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ApiContract } from './api-contract.js';
import { ASYNC_API_JSON_PATH } from './async-api.js';

export const ASYNC_API = Symbol('AsyncAPI document');

@ApiTags('documents')
@Controller()
export class AsyncApiController {
  constructor(@Inject(ASYNC_API) private readonly document: object) {}

  @Get(ASYNC_API_JSON_PATH)
  @ApiContract({
    summary: 'The stream protocol over WebSocket and server-sent events, as AsyncAPI 3.0',
    response: z.looseObject({ asyncapi: z.literal('3.0.0') }),
    isOpen: true,
  })
  show(): object {
    return this.document;
  }
}
