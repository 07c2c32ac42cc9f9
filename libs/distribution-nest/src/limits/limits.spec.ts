import { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { LOCAL_PRINCIPAL, noMetrics, type Principal } from '@distributary/distribution-core';
import { FakeClock } from '@distributary/distribution-core/testing';
import fc from 'fast-check';
import { loadConfig } from '../config/load-config.js';
import { addressOfPeer, callerAddress } from './caller-address.js';
import { ConnectionLimits } from './connection-limits.js';
import { HandshakeGate } from './handshake-gate.js';
import { limitsConfig } from './limits.config.js';
import { rateLimitHeaders } from './rate-limit-headers.js';
import { RequestLimits, tooManyRequests } from './request-limits.js';
import { TokenBuckets } from './token-buckets.js';

const POLICY = { name: 'key', perSecond: 10, burst: 20 };
const someone = (id: string, tenant = 'default'): Principal => ({ ...LOCAL_PRINCIPAL, id, tenant, kind: 'api_key' });

describe('token buckets', () => {
  it('give a burst at once, then so many a second, and say when to come back', () => {
    const clock = new FakeClock();
    const buckets = new TokenBuckets(POLICY, clock, 10);
    for (let left = 19; left >= 0; left--)
      expect(buckets.take('a')).toMatchObject({ isAllowed: true, remaining: left });
    expect(buckets.take('a')).toMatchObject({ isAllowed: false, retryAfterMs: 100, resetMs: 2_000 });
    clock.advance(100);
    expect(buckets.take('a').isAllowed).toBe(true);
    expect(buckets.take('a').isAllowed).toBe(false);
    expect(buckets.take('b').isAllowed).toBe(true);
  });

  it('never let more through than burst and rate allow, however it is asked', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 5 })));
    fc.assert(
      fc.property(steps, (asked) => {
        const clock = new FakeClock();
        const buckets = new TokenBuckets(POLICY, clock, 10);
        let taken = 0;
        for (const [pauseMs, cost] of asked) {
          clock.advance(pauseMs);
          if (buckets.take('a', cost).isAllowed) taken += cost;
          expect(taken).toBeLessThanOrEqual(POLICY.burst + (clock.monotonicMs() * POLICY.perSecond) / 1_000 + 1e-6);
        }
      }),
    );
  });

  it('let whoever waits as long as it was told in', () => {
    const clock = new FakeClock();
    const buckets = new TokenBuckets(POLICY, clock, 10);
    const costs = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 50 });
    fc.assert(
      fc.property(costs, (asked) => {
        for (const cost of asked) {
          const verdict = buckets.take('a', cost);
          if (verdict.isAllowed) continue;
          clock.advance(verdict.retryAfterMs);
          expect(buckets.take('a', cost).isAllowed).toBe(true);
        }
      }),
    );
  });

  it('remember no more callers than they may, and forget who was idle longest', () => {
    const buckets = new TokenBuckets(POLICY, new FakeClock(), 3);
    for (const key of ['a', 'b', 'c']) buckets.take(key, 20);
    expect(buckets.take('a').isAllowed).toBe(false);
    buckets.take('d');
    expect(buckets.size).toBe(3);
    expect(buckets.take('a').isAllowed).toBe(false);
    expect(buckets.take('b').isAllowed).toBe(true);
  });
});

describe('the headers of a limit', () => {
  it('name each policy, what is left of it and when it is whole again', () => {
    const buckets = new TokenBuckets(POLICY, new FakeClock(), 3);
    expect(
      rateLimitHeaders([buckets.take('a'), { ...buckets.take('b'), policy: { ...POLICY, name: 'address' } }]),
    ).toEqual({
      'ratelimit-policy': '"key";q=20;w=2, "address";q=20;w=2',
      ratelimit: '"key";r=19;t=1, "address";r=19;t=1',
    });
    expect(rateLimitHeaders([])).toEqual({});
  });
});

describe('an address', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::ffff:10.0.0.7', '10.0.0.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:0db8::1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['', 'unknown'],
    [undefined, 'unknown'],
  ])('%s counts as %s', (address, counted) => {
    expect(callerAddress(address)).toBe(counted);
  });

  it.each([
    ['127.0.0.1:1234', '127.0.0.1'],
    ['[2001:db8:1:2::9]:1234', '2001:db8:1:2::/64'],
    ['ipv4:10.0.0.1:80', '10.0.0.1'],
    ['2001:db8:1:2::9:1234', '2001:db8:1:2::/64'],
    ['unknown', 'unknown'],
  ])('of a gRPC peer %s is %s', (peer, counted) => {
    expect(addressOfPeer(peer)).toBe(counted);
  });
});

describe('limits of requests', () => {
  const limitsOf = (env: Record<string, string>) =>
    new RequestLimits(loadConfig(env, limitsConfig), new FakeClock(), noMetrics);

  it('count keys of the same name of two tenants apart', () => {
    const limits = limitsOf({ RATE_LIMIT_PER_KEY: '1', RATE_LIMIT_PER_KEY_BURST: '1' });
    expect(limits.ofKey(someone('a'))?.isAllowed).toBe(true);
    expect(limits.ofKey(someone('a'))?.isAllowed).toBe(false);
    expect(limits.ofKey(someone('a', 'acme'))?.isAllowed).toBe(true);
    expect(limits.ofKey(undefined)?.isAllowed).toBe(true);
  });

  it('do not let one address use up the handshakes of all', () => {
    const limits = limitsOf({
      RATE_LIMIT_PER_ADDRESS: '1',
      RATE_LIMIT_PER_ADDRESS_BURST: '1',
      HANDSHAKES_PER_SECOND: '1',
      HANDSHAKES_BURST: '2',
    });
    const answers = ['a', 'a', 'a', 'b', 'c'].map((address) => limits.ofHandshake(address));
    expect(answers.map((verdict) => [verdict?.isAllowed, verdict?.policy.name])).toEqual([
      [true, 'handshakes'],
      [false, 'address'],
      [false, 'address'],
      [true, 'handshakes'],
      [false, 'handshakes'],
    ]);
    expect(tooManyRequests(answers[4] as never)).toMatchObject({ code: 'quota.exceeded', retryAfterMs: 1_000 });
  });

  it('can be off', () => {
    const off = { RATE_LIMIT_PER_KEY: '0', RATE_LIMIT_PER_ADDRESS: '0', HANDSHAKES_PER_SECOND: '0' };
    const limits = limitsOf(off);
    expect([limits.ofKey(undefined), limits.ofAddress('a'), limits.ofHandshake('a')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('limits of connections', () => {
  const config = { MAX_CONNECTIONS_PER_KEY: 2, MAX_CONNECTIONS_PER_ADDRESS: 3 };
  const isIn = (admission: object) => 'release' in admission;

  it('are per key and per address, until one leaves', () => {
    const limits = new ConnectionLimits(config, noMetrics);
    const first = limits.admit(someone('a'), '10.0.0.1');
    expect(isIn(limits.admit(someone('a'), '10.0.0.2'))).toBe(true);
    expect(limits.admit(someone('a'), '10.0.0.3')).toEqual({ refusedBy: 'key' });
    expect(isIn(limits.admit(someone('b'), '10.0.0.1'))).toBe(true);
    expect(isIn(limits.admit(someone('c'), '10.0.0.1'))).toBe(true);
    expect(limits.admit(someone('d'), '10.0.0.1')).toEqual({ refusedBy: 'address' });
    if ('release' in first) {
      first.release();
      first.release();
    }
    expect(isIn(limits.admit(someone('a'), '10.0.0.1'))).toBe(true);
    expect(limits.admit(someone('a'), undefined)).toEqual({ refusedBy: 'key' });
    expect(isIn(limits.admit(someone('e'), undefined))).toBe(true);
  });

  it('ask the tenant, too', () => {
    let left = 1;
    const limits = new ConnectionLimits(config, noMetrics, () => (left-- > 0 ? () => void left++ : undefined));
    const first = limits.admit(someone('a'), '10.0.0.1');
    expect(limits.admit(someone('b'), '10.0.0.2')).toEqual({ refusedBy: 'tenant' });
    left = 0;
    if ('release' in first) first.release();
    expect(isIn(limits.admit(someone('b'), '10.0.0.2'))).toBe(true);
  });
});

describe('the gate of handshakes', () => {
  it('lets so many be pending, and cuts off more', () => {
    const server = new EventEmitter() as unknown as Server;
    new HandshakeGate(2, noMetrics).guard(server);
    const connect = (remotePort: number) => {
      const socket = Object.assign(new EventEmitter(), { remoteAddress: 'a', remotePort, isCut: false });
      const destroy = () => (socket.isCut = true);
      server.emit('connection', Object.assign(socket, { destroy }) as unknown as Socket);
      return socket;
    };
    const [first, second, third] = [connect(1), connect(2), connect(3)];
    expect([first.isCut, second.isCut, third.isCut]).toEqual([false, false, true]);
    // Who has asked for something is not pending any more, nor is who has gone.
    server.emit('request', { socket: first });
    expect(connect(4).isCut).toBe(false);
    second.emit('close');
    expect(connect(5).isCut).toBe(false);
    expect(connect(6).isCut).toBe(true);
  });
});
