import { inspect } from 'node:util';
import { Secret } from './secret.js';

describe('a secret', () => {
  it('is shown nowhere but to who asks for it', () => {
    const secret = new Secret('hunter2');
    const shown = [`${secret}`, JSON.stringify({ secret }), inspect({ secret }), inspect(secret, { showHidden: true })];
    expect(shown.join()).not.toContain('hunter2');
    expect(secret.reveal()).toBe('hunter2');
  });
});
