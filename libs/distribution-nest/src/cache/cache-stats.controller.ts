import { cacheStatsSchema, type CacheStatsView } from '@distributary/contracts';
import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { OperatorOnly } from '../auth/operator.guard.js';
import { ApiContract } from '../http/api-contract.js';
import { CachedReads } from './cached-reads.js';

@ApiTags('statistics')
@Controller('stats/cache')
export class CacheStatsController {
  constructor(private readonly reads: CachedReads) {}

  @Get()
  @OperatorOnly('read')
  @ApiContract({
    summary: 'How often reads are answered from the cache, and what it takes',
    response: cacheStatsSchema,
  })
  stats(): CacheStatsView {
    const { hitRatio, isAvailable, hits, loads, shared, preloads, entries, bytes, evictions } =
      this.reads.cache.stats();
    return { hit_ratio: hitRatio, hits, loads, shared, preloads, entries, bytes, evictions, is_available: isAvailable };
  }
}
