import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ArgumentsHost, Controller, Get, Res } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { FastifyReply } from 'fastify';
import { noLogger } from '../logging/logger.js';
import { ProblemFilter } from './problem.filter.js';

@Controller()
class Stream {
  @Get('stream')
  stream(@Res() reply: FastifyReply): void {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
    reply.raw.write(': hello\n\n');
    throw new Error('too late');
  }
}

describe('ProblemFilter', () => {
  it('cuts a reply that has begun instead of writing another one into it', async () => {
    const module = await Test.createTestingModule({ controllers: [Stream] }).compile();
    const app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
    app.useGlobalFilters(new ProblemFilter(noLogger));
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    const outcome = await new Promise<string>((resolve) => {
      http
        .get({ host: '127.0.0.1', port, path: '/stream', agent: false }, (reply) => {
          reply.on('error', () => resolve('cut'));
          reply.on('end', () => resolve('ended'));
          reply.resume();
        })
        .on('error', () => resolve('cut'));
    });
    await app.close();
    expect(outcome).toBe('cut');
  });

  it('leaves errors of other doors to them', () => {
    const thrown = new Error('x');
    const host = { getType: () => 'ws' } as unknown as ArgumentsHost;
    expect(() => new ProblemFilter(noLogger).catch(thrown, host)).toThrow(thrown);
  });
});
