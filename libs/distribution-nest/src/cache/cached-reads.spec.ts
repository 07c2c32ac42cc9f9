import {
  DistributionError,
  LOCAL_PRINCIPAL,
  noMetrics,
  type Principal,
  ReadCache,
} from '@distributary/distribution-core';
import { FakeClock, InMemoryCache } from '@distributary/distribution-core/testing';
import type { CallHandler, ExecutionContext } from '@nestjs/common';
import { firstValueFrom, of } from 'rxjs';
import { CacheStatsController } from './cache-stats.controller.js';
import { CachedReads } from './cached-reads.js';
import { CachedAnswer, ReadCacheInterceptor } from './read-cache.interceptor.js';

class Things {
  @CachedAnswer('thing')
  cached(): void {}
  @CachedAnswer('nobody told')
  unknown(): void {}
  plain(): void {}
}

describe('routes whose answers may be a moment old', () => {
  const clock = new FakeClock();
  const reads = new CachedReads(
    new ReadCache({ cache: new InMemoryCache(clock), clock, metrics: noMetrics, prefix: 'test:' }),
  );
  const loaded: string[] = [];
  reads.add({
    kind: 'thing',
    ttlMs: 1_000,
    load: ({ params, query }, principal) => {
      loaded.push(`${principal.tenant} ${params.id} ${JSON.stringify(query)} ${principal.permissions.length}`);
      if (params.id === 'forbidden') throw new DistributionError('auth.forbidden', 'no');
      return { id: params.id };
    },
  });
  const interceptor = new ReadCacheInterceptor(reads);
  const own: CallHandler = { handle: () => of('its own answer') };

  const ask = (request: object, { handler = 'cached', type = 'http' } = {}) => {
    const context = {
      getType: () => type,
      getHandler: () => (Things.prototype as unknown as Record<string, unknown>)[handler],
      switchToHttp: () => ({ getRequest: () => ({ url: '/x', params: {}, query: {}, ...request }) }),
    } as unknown as ExecutionContext;
    return firstValueFrom(interceptor.intercept(context, own));
  };
  const principal: Principal = LOCAL_PRINCIPAL;
  beforeEach(() => void loaded.splice(0));

  it('are answered once for all who have the same permissions, whoever they are', async () => {
    const one = { principal, params: { id: 'a' }, query: { x: '1', y: '2' } };
    const other = { principal: { ...principal, id: 'other' }, params: { id: 'a' }, query: { y: '2', x: '1' } };
    expect(await ask(one)).toEqual({ id: 'a' });
    expect(await ask(other)).toEqual({ id: 'a' });
    expect(loaded).toEqual(['default a {"x":"1","y":"2"} 1']);
  });

  it('never for those of another tenant, or with other permissions', async () => {
    const params = { id: 'b' };
    const constraint = { op: 'eq', attribute: 'service', value: 'mine' } as const;
    const permissions = [{ ...principal.permissions[0], constraint }];
    await ask({ principal, params });
    await ask({ principal: { ...principal, tenant: 'acme' }, params });
    await ask({ principal: { ...principal, permissions }, params });
    expect(loaded).toHaveLength(3);
  });

  it('are refused as they would be without', async () => {
    await expect(ask({ principal, params: { id: 'forbidden' } })).rejects.toMatchObject({ code: 'auth.forbidden' });
  });

  it.each([
    ['routes that are not marked', { principal }, { handler: 'plain' }],
    ['kinds that nobody told how to load', { principal }, { handler: 'unknown' }],
    ['calls of gRPC', { principal }, { type: 'rpc' }],
    ['callers that are not known', {}, {}],
    ['questions that nobody asks again', { principal, url: 'x'.repeat(600) }, {}],
  ])('leave %s alone', async (_what, request, how) => {
    expect(await ask(request, how)).toBe('its own answer');
    expect(loaded).toEqual([]);
  });

  it('show what that spares', () => {
    expect(new CacheStatsController(reads).stats()).toMatchObject({ hits: 1, loads: 5, hit_ratio: 1 / 6 });
  });
});
