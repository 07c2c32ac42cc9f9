import { DistributionError } from '@distributary/distribution-core';
import { isUniqueViolation, storeError, translated } from './postgres.errors.js';

describe('errors of PostgreSQL', () => {
  it.each([
    ['a refused connection', { code: 'ECONNREFUSED' }, 'store.unavailable'],
    ['a broken pipe', { code: 'EPIPE' }, 'store.unavailable'],
    ['a lost connection', { driverError: { code: '08006' } }, 'store.unavailable'],
    ['a shutdown', { driverError: { code: '57P01' } }, 'store.unavailable'],
    ['a statement that took too long', { driverError: { code: '57014' } }, 'store.unavailable'],
    ['a deadlock', { driverError: { code: '40P01' } }, 'store.unavailable'],
    ['a serialisation failure', { driverError: { code: '40001' } }, 'store.unavailable'],
    ['too many connections', { driverError: { code: '53300' } }, 'store.unavailable'],
    ['a full disk', { driverError: { code: '53100' } }, 'store.unavailable'],
    ['a refused password', { driverError: { code: '28P01' } }, 'store.unavailable'],
    ['a missing right', { driverError: { code: '42501' } }, 'store.unavailable'],
    ['a time-out of the pool', new Error('timeout exceeded when trying to connect'), 'store.unavailable'],
    ['something that is not even an object', 'socket', 'store.unavailable'],
    ['a value that is too long', { driverError: { code: '22001' } }, 'request.invalid'],
    ['a number out of range', { driverError: { code: '22003' } }, 'request.invalid'],
    ['a word outside a closed set', { driverError: { code: '23514', constraint: 'status' } }, 'request.invalid'],
    ['a missing value', { driverError: { code: '23502', column: 'tenant' } }, 'request.invalid'],
    ['a row that exists, unexpectedly', { driverError: { code: '23505' } }, 'internal'],
    ['a table that is not there', { driverError: { code: '42P01' } }, 'internal'],
    ['a row written twice by one statement', { driverError: { code: '21000' } }, 'internal'],
    ['a mapper that trips over a row', new TypeError('undefined'), 'internal'],
    ['an error of ours', new DistributionError('topic.exists', 'x'), 'topic.exists'],
  ])('%s', (_what, thrown, code) => {
    expect(storeError(thrown).code).toBe(code);
  });

  it('name the column or the constraint where PostgreSQL does', () => {
    expect(storeError({ code: '23502', column: 'tenant' }).problems).toMatchObject([{ path: 'tenant' }]);
    expect(storeError({ code: '23514', constraint: 'priority' }).problems).toMatchObject([{ path: 'priority' }]);
    expect(storeError({ code: '22001' }).problems).toMatchObject([{ path: '' }]);
  });

  it('are worth a retry only if it may help', () => {
    expect(storeError({ code: '40P01' })).toMatchObject({ retryable: true, retryAfterMs: 1000 });
    expect(storeError({ code: '22001' })).toMatchObject({ retryable: false, retryAfterMs: undefined });
  });

  it('are told apart where a store needs to', () => {
    expect(isUniqueViolation({ code: '23505' })).toBe(true);
    expect(isUniqueViolation({ code: 7 })).toBe(false);
  });

  it('are translated where they are thrown', async () => {
    await expect(translated(() => Promise.reject(new Error('socket')))).rejects.toMatchObject({
      code: 'store.unavailable',
    });
    await expect(translated(async () => 1)).resolves.toBe(1);
  });
});
