import { LOCAL_PRINCIPAL, type Principal } from '@distributary/distribution-core';
import { settle, FakeClock } from '@distributary/distribution-core/testing';
import { AccessControl } from '../../auth/access-control.js';
import { PendingClient } from './pending-client.js';

describe('a client that has not said who it is', () => {
  const settled = () => settle(new FakeClock());
  let answer: (principal: Principal) => void;
  let known: [Principal, number][];
  let refused: unknown[];
  let client: PendingClient;

  beforeEach(() => {
    known = [];
    refused = [];
    const jwts = { authenticate: () => new Promise<Principal>((resolve) => (answer = resolve)) };
    client = new PendingClient(
      new AccessControl({ apiKeys: jwts, jwts }),
      (principal, waiting) => known.push([principal, waiting.length]),
      (error) => refused.push(error),
    );
  });

  it('is known by the token of its hello, and what came behind that is kept', async () => {
    client.command('hello', { token: 'a.b.c' });
    client.command('subscribe', { id: 's' });
    client.command('ping', undefined);
    await settled();
    expect(known).toEqual([]);
    answer(LOCAL_PRINCIPAL);
    await settled();
    expect(known).toEqual([[LOCAL_PRINCIPAL, 2]]);
    expect(refused).toEqual([]);
  });

  it('is refused for any other first word, and then for good', async () => {
    client.command('subscribe', { id: 's' });
    client.command('hello', { token: 'a.b.c' });
    await settled();
    expect(refused).toMatchObject([{ code: 'auth.missing' }]);
    expect(known).toEqual([]);
  });

  it('is refused for a hello that is none', async () => {
    client.command('hello', { token: 7 });
    await settled();
    expect(refused).toMatchObject([{ code: 'request.invalid' }]);
  });

  it('may have so many commands wait and no more', async () => {
    client.command('hello', { token: 'a.b.c' });
    for (let index = 0; index < 65; index++) client.command('ping', index);
    expect(refused).toMatchObject([{ code: 'gateway.full' }]);
    await settled();
    answer(LOCAL_PRINCIPAL);
    await settled();
    expect(known).toEqual([]);
  });
});
