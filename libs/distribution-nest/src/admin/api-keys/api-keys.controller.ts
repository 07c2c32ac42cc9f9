import {
  apiKeySchema,
  type ApiKeyView,
  createdApiKeySchema,
  newApiKeySchema,
  type Page,
  pageOf,
  pageQuerySchema,
  pageSchemaOf,
} from '@distributary/contracts';
import { type Clock, invalidRequest, parsePermissions, type Principal } from '@distributary/distribution-core';
import { Body, Controller, Delete, Get, Header, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ApiKeysService } from '../../auth/api-keys.service.js';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import { parseWith } from '../../doors/stream-commands.js';
import { ApiContract } from '../../http/api-contract.js';
import { IDEMPOTENCY_ERRORS, idempotencyHeaders, Idempotent } from '../http/idempotent.js';
import { apiKeyView } from './api-key-view.js';

export const API_KEYS_CLOCK = Symbol('Clock of the API keys');

@ApiTags('api keys')
@Controller('api-keys')
export class ApiKeysController {
  constructor(
    private readonly keys: ApiKeysService,
    @Inject(API_KEYS_CLOCK) private readonly clock: Clock,
  ) {}

  @Get()
  @ApiContract({
    summary: 'The API keys of the tenant, revoked ones included',
    query: pageQuerySchema,
    response: pageSchemaOf(apiKeySchema),
    errors: ['store.unavailable'],
  })
  async list(@CurrentPrincipal() principal: Principal, @Query() query: unknown): Promise<Page<ApiKeyView>> {
    const page = pageOf(await this.keys.list(principal), ({ id }) => id, parseWith(pageQuerySchema, query));
    return { ...page, items: page.items.map((key) => apiKeyView(key, this.clock.nowMicros())) };
  }

  @Post()
  @Idempotent('key')
  @Header('cache-control', 'no-store')
  @ApiContract({
    summary: 'Create an API key; it is told here and never again',
    description:
      'Needs the permission to manage every topic. The key is good for Authorization: Bearer <key>. It is not kept: sent again ' +
      'with the same Idempotency-Key, the request makes no second key, and its answer has no `key`.',
    headers: idempotencyHeaders,
    body: newApiKeySchema,
    response: createdApiKeySchema,
    status: 201,
    errors: [...IDEMPOTENCY_ERRORS],
  })
  async create(@CurrentPrincipal() principal: Principal, @Body() body: unknown) {
    const { name, permissions, expires_at: expiresAt } = parseWith(newApiKeySchema, body);
    const nowMicros = this.clock.nowMicros();
    const expiresAtMicros = expiresAt === undefined ? undefined : Date.parse(expiresAt) * 1000;
    if (expiresAtMicros !== undefined && expiresAtMicros <= nowMicros) {
      throw invalidRequest([{ path: 'expires_at', rule: 'must be in the future' }]);
    }
    const { key, text } = await this.keys.create(principal, {
      name,
      permissions: parsePermissions(permissions),
      expiresAtMicros,
    });
    return { ...apiKeyView(key, nowMicros), key: text };
  }

  @Get(':id')
  @ApiContract({ summary: 'One API key', response: apiKeySchema, errors: ['api_key.not_found', 'store.unavailable'] })
  async get(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<ApiKeyView> {
    return apiKeyView(await this.keys.get(principal, id), this.clock.nowMicros());
  }

  @Delete(':id')
  @ApiContract({
    summary: 'Revoke an API key, for good',
    description: 'Its live streams end within a second, in every process. The key stays listed as revoked.',
    response: apiKeySchema,
    errors: ['api_key.not_found', 'store.unavailable'],
  })
  async revoke(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<ApiKeyView> {
    return apiKeyView(await this.keys.revoke(principal, id), this.clock.nowMicros());
  }
}
