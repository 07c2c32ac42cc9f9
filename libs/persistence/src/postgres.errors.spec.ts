import { DistributionError } from '@distributary/distribution-core';
import { isUniqueViolation, storeError, translated } from './postgres.errors.js';

describe('errors of PostgreSQL', () => {
  it.each([
    [{ code: 'ECONNREFUSED' }, 'store.unavailable'],
    [{ driverError: { code: '57P01' } }, 'store.unavailable'],
    [{ driverError: { code: '40P01' } }, 'store.unavailable'],
    [{ driverError: { code: '23505' } }, 'internal'],
    ['not even an object', 'store.unavailable'],
    [new DistributionError('topic.exists', 'x'), 'topic.exists'],
  ])('%p is %s to us', (thrown, code) => {
    expect(storeError(thrown).code).toBe(code);
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
