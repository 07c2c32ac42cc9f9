import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Secret } from '@distributary/distribution-core';
import { FakeClock } from '@distributary/distribution-core/testing';
import { type CryptoKey, exportJWK, generateKeyPair, type JSONWebKeySet, type JWTPayload, SignJWT } from 'jose';
import { JwtAuthenticator } from './jwt-authenticator.js';

const clock = new FakeClock();
const nowS = () => Math.floor(clock.nowMicros() / 1e6);
const SECRET = 'a secret that is long enough for HS256';
const secret = new Secret(SECRET);
const bytes = new TextEncoder().encode(SECRET);

const PERMISSIONS = [{ verbs: ['read'], topic_pattern: 'a/#', constraint: 'severity == "CRITICAL"' }];

function aToken(claims: JWTPayload = {}, header: { alg: string; kid?: string } = { alg: 'HS256' }) {
  return new SignJWT({ sub: 'ann', exp: nowS() + 60, permissions: PERMISSIONS, ...claims }).setProtectedHeader(header);
}

const refused = (code: string) => expect.objectContaining({ code }) as Error;

describe('a JWT with a shared secret', () => {
  const jwts = new JwtAuthenticator({ secret, issuer: 'us', audience: 'distributary' }, clock);
  const good = { iss: 'us', aud: 'distributary' };

  it('says who calls, of which tenant, with which permissions, and until when', async () => {
    const principal = await jwts.authenticate(await aToken({ ...good, tenant: 'acme' }).sign(bytes));
    expect(principal).toEqual({
      id: 'ann',
      kind: 'jwt',
      tenant: 'acme',
      permissions: [
        {
          verbs: ['read'],
          topicPattern: 'a/#',
          constraint: { op: 'eq', attribute: 'severity', value: 'CRITICAL' },
        },
      ],
      expiresAtMicros: (nowS() + 60) * 1e6,
    });
  });

  it('is of the default tenant and permits nothing if it does not say so', async () => {
    const principal = await jwts.authenticate(await aToken({ ...good, permissions: undefined }).sign(bytes));
    expect(principal).toMatchObject({ tenant: 'default', permissions: [] });
  });

  it.each<[string, JWTPayload, string]>([
    ['has expired', { ...good, exp: nowS() - 6 }, 'auth.expired'],
    ['never expires', { ...good, exp: undefined }, 'auth.missing'],
    ['is not valid yet', { ...good, nbf: nowS() + 60 }, 'auth.missing'],
    ['names nobody', { ...good, sub: '' }, 'auth.missing'],
    ['is of another issuer', { ...good, iss: 'them' }, 'auth.missing'],
    ['is for another audience', { ...good, aud: 'them' }, 'auth.missing'],
    ['names no tenant that could be one', { ...good, tenant: '@acme' }, 'auth.missing'],
    ['names a tenant that is no text', { ...good, tenant: 7 }, 'auth.missing'],
    ['has permissions that are none', { ...good, permissions: [{ verbs: ['fly'] }] }, 'auth.missing'],
  ])('that %s is refused', async (_what, claims, code) => {
    await expect(jwts.authenticate(await aToken(claims).sign(bytes))).rejects.toEqual(refused(code));
  });

  it('says which permission is not one, and nothing else of the token', async () => {
    const token = await aToken({ ...good, permissions: [{ verbs: ['read'], topic_pattern: 'a//b' }] }).sign(bytes);
    await expect(jwts.authenticate(token)).rejects.toThrow(
      'permissions[0].topic_pattern: must not have an empty level',
    );
    const error = await jwts.authenticate(`${token}x`).catch((thrown: Error) => thrown);
    expect((error as Error).message).toBe('the token is not valid');
  });

  it.each([
    ['signed by another secret', () => aToken(good).sign(new TextEncoder().encode('x'.repeat(40)))],
    ['not signed', () => Promise.resolve(`${btoa('{"alg":"none"}')}.${btoa(JSON.stringify(good))}.`)],
    ['nonsense', () => Promise.resolve('nonsense')],
    ['far too long', () => Promise.resolve('x'.repeat(20_000))],
  ])('that is %s is refused', async (_what, token) => {
    await expect(jwts.authenticate(await token())).rejects.toEqual(refused('auth.missing'));
  });
});

describe('a JWT with keys of an identity provider', () => {
  let pair: { publicKey: CryptoKey; privateKey: CryptoKey };
  let keys: JSONWebKeySet;
  let server: Server;
  let asked = 0;
  let answer: 'keys' | 'nothing' = 'keys';
  const good = { iss: 'idp', aud: 'distributary' };
  const settings = { issuer: 'idp', audience: 'distributary' };
  const url = () => new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`);

  beforeAll(async () => {
    pair = await generateKeyPair('ES256', { extractable: true });
    keys = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256' }] };
    server = createServer((_request, response) => {
      asked++;
      response.statusCode = answer === 'keys' ? 200 : 500;
      response.end(answer === 'keys' ? JSON.stringify(keys) : 'no');
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
  });
  afterAll(() => server.close());
  beforeEach(() => {
    asked = 0;
    answer = 'keys';
  });

  const signed = (claims: JWTPayload = good, kid = 'k1') => aToken(claims, { alg: 'ES256', kid }).sign(pair.privateKey);

  it('is good with keys from a URL, which are fetched once', async () => {
    const jwts = new JwtAuthenticator({ jwks: url(), ...settings }, clock);
    for (let call = 0; call < 5; call++) expect((await jwts.authenticate(await signed())).id).toBe('ann');
    expect(asked).toBe(1);
  });

  it('of an unknown key has the keys fetched again, but not for each token', async () => {
    const jwts = new JwtAuthenticator({ jwks: url(), ...settings }, clock);
    for (let call = 0; call < 20; call++) {
      await expect(jwts.authenticate(await signed(good, `unknown${call}`))).rejects.toEqual(refused('auth.missing'));
    }
    expect(asked).toBeLessThanOrEqual(2);
  });

  it('cannot be told to be good or bad while the keys are not to be had', async () => {
    answer = 'nothing';
    const jwts = new JwtAuthenticator({ jwks: url(), ...settings }, clock);
    await expect(jwts.authenticate(await signed())).rejects.toMatchObject({
      code: 'store.unavailable',
      retryable: true,
    });
    const nowhere = new JwtAuthenticator({ jwks: new URL('http://127.0.0.1:1/'), ...settings }, clock);
    await expect(nowhere.authenticate(await signed())).rejects.toEqual(refused('store.unavailable'));
  });

  it('is good with keys that are given, beside those with a secret', async () => {
    const jwts = new JwtAuthenticator({ jwks: keys, secret, ...settings }, clock);
    expect((await jwts.authenticate(await signed())).id).toBe('ann');
    expect((await jwts.authenticate(await aToken(good).sign(bytes))).id).toBe('ann');
  });

  it('is not good if it takes the public key for a secret', async () => {
    const jwts = new JwtAuthenticator({ jwks: keys, ...settings }, clock);
    const publicText = new TextEncoder().encode(JSON.stringify(keys.keys[0]));
    await expect(jwts.authenticate(await aToken(good).sign(publicText))).rejects.toEqual(refused('auth.missing'));
  });
});
