import { LOCAL_PRINCIPAL, type Principal } from '@distributary/distribution-core';
import { AccessControl, OPEN_ACCESS, tokenOf } from './access-control.js';

const as = (id: string) => ({ authenticate: (): Promise<Principal> => Promise.resolve({ ...LOCAL_PRINCIPAL, id }) });

describe('access control', () => {
  it('lets everybody in if it is off, whatever they bring', async () => {
    expect(OPEN_ACCESS.isOff).toBe(true);
    expect(await OPEN_ACCESS.authenticate(undefined)).toBe(LOCAL_PRINCIPAL);
    expect(await OPEN_ACCESS.authenticate('nonsense')).toBe(LOCAL_PRINCIPAL);
  });

  it('tells keys from tokens', async () => {
    const access = new AccessControl({ apiKeys: as('by key'), jwts: as('by token') });
    expect((await access.authenticate('dk_a_b')).id).toBe('by key');
    expect((await access.authenticate('a.b.c')).id).toBe('by token');
  });

  it('asks for something, and takes no tokens if there are none', async () => {
    const access = new AccessControl({ apiKeys: as('by key'), jwts: undefined });
    for (const token of [undefined, '', 'a.b.c']) {
      await expect(access.authenticate(token)).rejects.toMatchObject({ code: 'auth.missing' });
    }
  });

  it.each([
    [{ authorization: 'Bearer abc' }, 'abc'],
    [{ authorization: 'bearer   abc' }, 'abc'],
    [{ 'x-api-key': 'abc' }, 'abc'],
    [{ 'x-api-key': ['abc', 'def'] }, 'abc'],
    [{ authorization: 'Bearer abc', 'x-api-key': 'def' }, 'abc'],
    [{}, undefined],
    [{ 'x-api-key': 'x'.repeat(40_000) }, undefined],
  ])('finds the token of %j', (headers, token) => {
    expect(tokenOf(headers)).toBe(token);
  });

  it.each(['Basic abc', 'Bearer', 'Bearer a b', 'abc'])('refuses the authorization %j', (authorization) => {
    expect(() => tokenOf({ authorization })).toThrow(expect.objectContaining({ code: 'auth.missing' }));
  });
});
