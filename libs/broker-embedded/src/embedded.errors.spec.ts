import { DistributionError } from '@distributary/distribution-core';
import { translated } from './embedded.errors.js';

describe('translated', () => {
  it('leaves our own errors as they are', async () => {
    const error = new DistributionError('topic.exists', 'there is one');
    expect(await translated(error)).toBe(error);
  });

  it('takes the reason of a failed commit from where the store hides it', async () => {
    const reason = new Error('No space left on device');
    const error = Object.assign(new Error('Commit failed'), { commitError: Promise.reject(reason) });
    expect(await translated(error)).toMatchObject({
      code: 'broker.unavailable',
      retryable: true,
      message: 'the embedded log cannot write: No space left on device',
      cause: reason,
    });
  });

  it.each([
    [new Error('closed'), 'the embedded log cannot write: closed'],
    ['torn', 'the embedded log cannot write: torn'],
  ])('makes anything else broker.unavailable', async (error, message) => {
    expect(await translated(error)).toMatchObject({ code: 'broker.unavailable', message });
  });
});
