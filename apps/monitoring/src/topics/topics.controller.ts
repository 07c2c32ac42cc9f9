import { pageOf, pageQuerySchema } from '@distributary/contracts';
import { type Log, TopicDirectory } from '@distributary/distribution-core';
import { parseWith } from '@distributary/distribution-nest';
import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { LOG } from '../tokens.js';

@ApiTags('topics')
@Controller('api/v1/monitoring/topics')
export class TopicsController {
  constructor(
    private readonly directory: TopicDirectory,
    @Inject(LOG) private readonly log: Log,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Topics, with what their lanes hold' })
  @ApiQuery({ name: 'limit', required: false })
  @ApiQuery({ name: 'cursor', required: false })
  async list(@Query() query: unknown) {
    const page = pageOf(this.directory.list(), (topic) => topic.name, parseWith(pageQuerySchema, query));
    const items = await Promise.all(
      page.items.map(async (topic) => {
        const ends = await this.log.ends(topic.brokerName);
        return {
          name: topic.name,
          data_type: topic.dataType,
          partitions: topic.partitions,
          retention_policy: topic.retentionPolicy,
          enabled: topic.enabled,
          origin: topic.origin,
          priority: topic.priority,
          created_at: new Date(topic.createdAtMicros / 1000).toISOString(),
          events: ends.reduce((sum, lane) => sum + lane.events, 0),
          bytes: ends.reduce((sum, lane) => sum + lane.bytes, 0),
        };
      }),
    );
    return { ...page, items };
  }
}
