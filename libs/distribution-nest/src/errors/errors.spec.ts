import { status as GrpcStatus } from '@grpc/grpc-js';
import { BadRequestException, HttpException, InternalServerErrorException, NotFoundException } from '@nestjs/common';
import { CLOSE_CODES } from '@distributary/contracts';
import { DistributionError, ERROR_CODES, invalidRequest } from '@distributary/distribution-core';
import type { Logger } from '../logging/logger.js';
import { asDistributionError } from './as-distribution-error.js';
import { ERROR_MAPPING, mappingOf } from './error-mapping.js';
import { GRPC_CODE_KEY, GRPC_PROBLEMS_KEY, GRPC_RETRY_KEY, grpcError, logGrpcError } from './grpc-error.js';
import { problemDetails, retryAfterSeconds } from './problem-details.js';
import { errorPayloadOf } from './stream-error.js';

describe('the error table', () => {
  it('knows every code, with numbers that exist', () => {
    expect(Object.keys(ERROR_MAPPING).sort()).toEqual([...ERROR_CODES].sort());
    const closeCodes: readonly number[] = Object.values(CLOSE_CODES);
    for (const code of ERROR_CODES) {
      const { httpStatus, grpcStatus, closeCode, title } = mappingOf(code);
      expect(httpStatus).toBeGreaterThanOrEqual(400);
      expect(GrpcStatus[grpcStatus]).toBeDefined();
      expect(closeCodes).toContain(closeCode);
      expect(title).not.toBe('');
    }
  });

  it.each([
    ['request.invalid', 400, GrpcStatus.INVALID_ARGUMENT, 4400],
    ['auth.missing', 401, GrpcStatus.UNAUTHENTICATED, 4401],
    ['origin.refused', 403, GrpcStatus.PERMISSION_DENIED, 4403],
    ['topic.not_found', 404, GrpcStatus.NOT_FOUND, 4404],
    ['subscription.taken', 409, GrpcStatus.FAILED_PRECONDITION, 4409],
    ['subscription.paused', 409, GrpcStatus.FAILED_PRECONDITION, 4409],
    ['position.lost', 410, GrpcStatus.OUT_OF_RANGE, 4010],
    ['payload.too_large', 413, GrpcStatus.RESOURCE_EXHAUSTED, 4413],
    ['schema.rejected', 422, GrpcStatus.INVALID_ARGUMENT, 4400],
    ['ingest.busy', 429, GrpcStatus.RESOURCE_EXHAUSTED, 4429],
    ['consumer.too_slow', 503, GrpcStatus.RESOURCE_EXHAUSTED, 4008],
    ['broker.unavailable', 503, GrpcStatus.UNAVAILABLE, 4100],
    ['draining', 503, GrpcStatus.UNAVAILABLE, 4001],
    ['internal', 500, GrpcStatus.INTERNAL, 4500],
  ] as const)('maps %s to %i, %i and %i', (code, httpStatus, grpcStatus, closeCode) => {
    expect(mappingOf(code)).toMatchObject({ httpStatus, grpcStatus, closeCode });
  });
});

describe('asDistributionError', () => {
  it('passes on what is one already', () => {
    const error = new DistributionError('topic.not_found', 'no topic "a"');
    expect(asDistributionError(error)).toBe(error);
  });

  it.each([
    [new NotFoundException('Cannot GET /x'), 'route.not_found', 'Cannot GET /x'],
    [new BadRequestException('bad JSON'), 'request.invalid', 'bad JSON'],
    [new HttpException('who?', 401), 'auth.missing', 'who?'],
    [new HttpException('no', 403), 'auth.forbidden', 'no'],
    [new HttpException('big', 413), 'payload.too_large', 'big'],
    [new HttpException('media type', 415), 'request.invalid', 'media type'],
    [new HttpException('slow down', 429), 'quota.exceeded', 'slow down'],
    [
      Object.assign(new Error('too big'), { code: 'FST_ERR_CTP_BODY_TOO_LARGE', statusCode: 413 }),
      'payload.too_large',
      'too big',
    ],
  ])('knows what %s means', (thrown, code, message) => {
    expect(asDistributionError(thrown)).toMatchObject({ code, message });
  });

  it.each([
    new Error('password is hunter2'),
    new InternalServerErrorException('password is hunter2'),
    Object.assign(new Error('password is hunter2'), { code: 'ECONNREFUSED', statusCode: 400 }),
    'password is hunter2',
  ])('tells nothing of the unknown: %s', (thrown) => {
    const error = asDistributionError(thrown);
    expect(error.code).toBe('internal');
    expect(error.message).not.toContain('hunter2');
    expect(error.cause).toBe(thrown);
  });
});

describe('problem details', () => {
  it('follow RFC 9457, with our code, every problem and the trace', () => {
    const error = invalidRequest([{ path: 'events[0].topic', rule: 'is required' }]);
    expect(problemDetails(error, 'abc')).toEqual({
      type: 'urn:distributary:problem:request.invalid',
      title: 'Invalid request',
      status: 400,
      detail: 'events[0].topic: is required',
      code: 'request.invalid',
      errors: [{ path: 'events[0].topic', rule: 'is required' }],
      trace_id: 'abc',
    });
    expect(problemDetails(new DistributionError('draining', 'bye'), undefined)).not.toHaveProperty('trace_id');
  });

  it.each([
    ['ingest.busy', 1_200, '2'],
    ['ingest.busy', 10, '1'],
    ['draining', undefined, '1'],
    ['request.invalid', undefined, undefined],
  ] as const)('say of %s after %s ms: Retry-After %s', (code, retryAfterMs, expected) => {
    const options = retryAfterMs === undefined ? {} : { retryAfterMs };
    expect(retryAfterSeconds(new DistributionError(code, 'text', options))).toBe(expected);
  });
});

describe('gRPC errors', () => {
  it('carry the status, our code, when to retry and the problems', () => {
    const busy = grpcError(new DistributionError('ingest.busy', 'later', { retryAfterMs: 12.4 }));
    expect(busy).toMatchObject({ code: GrpcStatus.RESOURCE_EXHAUSTED, details: 'later' });
    expect(busy.metadata.get(GRPC_CODE_KEY)).toEqual(['ingest.busy']);
    expect(busy.metadata.get(GRPC_RETRY_KEY)).toEqual(['13']);

    const invalid = grpcError(invalidRequest([{ path: 'id', rule: 'is required – always' }]));
    expect(invalid.metadata.get(GRPC_RETRY_KEY)).toEqual([]);
    expect(JSON.parse(String(invalid.metadata.get(GRPC_PROBLEMS_KEY)[0]))).toEqual([
      { path: 'id', rule: 'is required – always' },
    ]);
  });

  it('stay small however many problems there are', () => {
    const many = Array.from({ length: 1_000 }, (_, index) => ({ path: `events[${index}]`, rule: 'is wrong' }));
    const bytes = grpcError(invalidRequest(many)).metadata.get(GRPC_PROBLEMS_KEY)[0] as Buffer;
    expect(bytes.length).toBeLessThanOrEqual(4_096);
    expect((JSON.parse(String(bytes)) as unknown[]).length).toBeGreaterThan(20);
    const one = grpcError(invalidRequest([{ path: 'x', rule: 'y'.repeat(9_000) }]));
    expect(String(one.metadata.get(GRPC_PROBLEMS_KEY)[0])).toBe('[]');
    expect(one.details.length).toBeLessThanOrEqual(4_096);
  });

  it('are logged at the level of the table, with the cause only if the fault is ours', () => {
    const lines: unknown[][] = [];
    const logger = Object.fromEntries(
      ['debug', 'info', 'warn', 'error'].map((level) => [level, (...line: unknown[]) => lines.push([level, ...line])]),
    ) as unknown as Logger;
    const cause = new Error('socket');
    logGrpcError(logger, 'Publish', cause);
    logGrpcError(logger, 'Publish', new DistributionError('topic.not_found', 'none'));
    expect(lines).toEqual([
      ['error', 'grpc.call_failed', { code: 'internal', method: 'Publish', error: cause }],
      ['debug', 'grpc.call_failed', { code: 'topic.not_found', method: 'Publish' }],
    ]);
  });
});

describe('stream errors', () => {
  it('name the command, tell when to retry and what is wrong', () => {
    const error = new DistributionError('ingest.busy', 'later', { retryAfterMs: 50 });
    expect(errorPayloadOf(error, 's1')).toEqual({
      id: 's1',
      code: 'ingest.busy',
      message: 'later',
      retryable: true,
      retry_after_ms: 50,
    });
    expect(errorPayloadOf(invalidRequest([{ path: 'id', rule: 'is required' }]), undefined)).toEqual({
      code: 'request.invalid',
      message: 'id: is required',
      retryable: false,
      errors: [{ path: 'id', rule: 'is required' }],
    });
  });
});
