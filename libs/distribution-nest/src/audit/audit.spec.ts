import { DistributionError, type Metrics, noMetrics } from '@distributary/distribution-core';
import { anAuditEntry, FakeClock, InMemoryAuditLog, settle } from '@distributary/distribution-core/testing';
import { Metadata } from '@grpc/grpc-js';
import type { CallHandler, ExecutionContext } from '@nestjs/common';
import { firstValueFrom, of, throwError } from 'rxjs';
import { noLogger } from '../logging/logger.js';
import { createRegistry, PromMetrics } from '../metrics/prom-metrics.js';
import { auditBefore, auditTarget } from './audit-context.js';
import { AuditInterceptor } from './audit.interceptor.js';
import { AuditRetention } from './audit-retention.js';
import { AuditTrail, MAX_WAITING_ENTRIES } from './audit-trail.js';
import { NotAudited } from './audited-act.js';
import { FailedAuthentications } from './failed-authentications.js';
import { redacted } from './redacted.js';

/** A log whose database goes away and comes back. */
class Flaky extends InMemoryAuditLog {
  isAway = false;
  override append(entries: Parameters<InMemoryAuditLog['append']>[0]): Promise<void> {
    return this.isAway ? Promise.reject(new DistributionError('store.unavailable', 'away')) : super.append(entries);
  }
  override prune(before: number, limit: number): Promise<number> {
    return this.isAway ? Promise.reject(new Error('away')) : super.prune(before, limit);
  }
}

function aTrail(metrics: Metrics = noMetrics) {
  const clock = new FakeClock();
  const log = new Flaky();
  const trail = new AuditTrail({ log, clock, metrics, logger: noLogger });
  const stored = () => log.find({ tenant: 'default', limit: 10_000 });
  return { clock, log, trail, stored };
}

let uuids = 0;
const ids = { uuid: () => `00000000-0000-4000-9000-${String(++uuids).padStart(12, '0')}`, random: () => 0.5 };

describe('the audit trail', () => {
  it('has stored an entry when it says so', async () => {
    const { trail, stored } = aTrail();
    await Promise.all([trail.record(anAuditEntry()), trail.record(anAuditEntry())]);
    expect(await stored()).toHaveLength(2);
  });

  it('keeps what the store refuses, does not hold the act up, and stores it later', async () => {
    const { clock, log, trail, stored } = aTrail();
    log.isAway = true;
    await trail.record(anAuditEntry());
    await trail.record(anAuditEntry());
    expect(await stored()).toHaveLength(0);
    clock.advance(1_000);
    await settle(clock);
    log.isAway = false;
    clock.advance(1_000);
    await settle(clock);
    expect(await stored()).toHaveLength(2);
    expect(clock.pendingAlarms).toBe(0);
  });

  it('lets no act begin while too many entries wait', async () => {
    const { clock, log, trail, stored } = aTrail();
    log.isAway = true;
    for (let index = 0; index < MAX_WAITING_ENTRIES; index++) await trail.record(anAuditEntry());
    expect(() => trail.requireRoom()).toThrow(expect.objectContaining({ code: 'store.unavailable' }));
    log.isAway = false;
    clock.advance(1_000);
    await settle(clock, 30);
    trail.requireRoom();
    expect(await stored()).toHaveLength(MAX_WAITING_ENTRIES);
  });

  it('is not held up by an entry that the store can never take, and counts it', async () => {
    const registry = createRegistry('test');
    const { log, trail, stored } = aTrail(new PromMetrics(registry));
    const append = log.append.bind(log);
    log.append = (entries) =>
      entries.some(({ after, act }) => after === 'odd' || act === 'hopeless')
        ? Promise.reject(new DistributionError('request.invalid', 'no such value'))
        : append(entries);
    const waits = [anAuditEntry(), anAuditEntry({ after: 'odd' }), anAuditEntry({ act: 'hopeless' }), anAuditEntry()];
    await Promise.all(waits.map((entry) => trail.record(entry)));
    expect((await stored()).map(({ id, after }) => [id, after])).toEqual([
      [waits[3].id, waits[3].after],
      [waits[1].id, undefined],
      [waits[0].id, waits[0].after],
    ]);
    expect(await registry.metrics()).toMatch(/audit_entries_refused_total\{.*\} 1\n/);
    expect(await registry.metrics()).toMatch(/audit_entries_waiting\{.*\} 0\n/);
  });

  it('stores what waits when it is stopped, or says what is lost', async () => {
    const { clock, log, trail, stored } = aTrail();
    log.isAway = true;
    await trail.record(anAuditEntry());
    await trail.stop();
    expect(clock.pendingAlarms).toBe(0);
    log.isAway = false;
    await trail.stop();
    expect(await stored()).toHaveLength(1);
  });
});

describe('failed authentications', () => {
  it('are written down, at most some at once, and the next entry counts those that were not', async () => {
    const { clock, trail, stored } = aTrail();
    const failures = new FailedAuthentications(trail, clock, ids);
    for (let index = 0; index < 50; index++) {
      failures.record({ door: 'rest', code: 'auth.missing', address: '10.0.0.1', traceId: undefined });
    }
    await settle(clock);
    expect(await stored()).toHaveLength(20);
    clock.advance(3_000);
    failures.record({ door: 'grpc', code: 'auth.expired', address: undefined, traceId: 'x' });
    await settle(clock);
    expect((await stored())[0]).toMatchObject({ act: 'authentication', code: 'auth.expired', count: 31 });
  });
});

describe('what the audit log shows of requests', () => {
  it('hides what is or sounds secret', () => {
    const given = {
      name: 'x',
      password: 'hunter2',
      nested: [{ api_key: 'hunter2', clientSecret: 'hunter2' }],
      header: 'Bearer hunter2',
      routing_key: 'a.b',
      when: new Date(0),
    };
    expect(redacted(given)).toEqual({
      name: 'x',
      password: '[secret]',
      nested: [{ api_key: '[secret]', clientSecret: '[secret]' }],
      header: '[secret]',
      routing_key: 'a.b',
      when: '1970-01-01T00:00:00.000Z',
    });
  });

  it('cuts what is large, however it is large', () => {
    let deep: unknown = 'end';
    for (let level = 0; level < 1_000; level++) deep = { deep };
    const wide = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`f${index}`, 'x'.repeat(9_999)]));
    const text = JSON.stringify(redacted({ deep, wide, list: Array.from({ length: 1_000 }, () => 1), none: null }));
    expect(text.length).toBeLessThan(150_000);
    expect(redacted(() => 1)).toBe('…');
  });
});

describe('retention of the audit log', () => {
  const DAY_MS = 86_400_000;

  it('removes what is older, in the course of time', async () => {
    const { clock, log, stored } = aTrail();
    const atMicros = clock.nowMicros() - 2 * DAY_MS * 1_000;
    await log.append([anAuditEntry({ atMicros }), anAuditEntry({ atMicros: clock.nowMicros() })]);
    const retention = new AuditRetention(log, clock, noLogger, 1);
    retention.start();
    await settle(clock);
    expect(await stored()).toHaveLength(1);
    log.isAway = true;
    clock.advance(DAY_MS);
    await settle(clock);
    log.isAway = false;
    clock.advance(DAY_MS);
    await settle(clock);
    expect(await stored()).toHaveLength(0);
    retention.stop();
    expect(clock.pendingAlarms).toBe(0);
  });
});

class ThingsController {
  createThing(): void {}
  @NotAudited()
  tryThing(): void {}
}

class ThingsGrpc {
  deleteThing(): void {}
  getThing(): void {}
}

describe('the interceptor of administrative acts', () => {
  const context = (type: string, area: new () => object, handler: string, request: object): ExecutionContext =>
    ({
      getType: () => type,
      getClass: () => area,
      getHandler: () => (area.prototype as Record<string, unknown>)[handler],
      switchToHttp: () => ({ getRequest: () => request }),
      switchToRpc: () => ({ getData: () => request, getContext: () => metadata }),
      getArgByIndex: () => ({ getPeer: () => '10.0.0.9:1234' }),
    }) as unknown as ExecutionContext;
  const metadata = new Metadata();
  metadata.set('traceparent', `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`);
  const answering = (work: () => unknown): CallHandler => ({ handle: () => of(work()) });

  function anInterceptor() {
    const world = aTrail();
    return { ...world, interceptor: new AuditInterceptor(world.trail, world.clock, ids) };
  }
  const post = {
    method: 'POST',
    id: 'trace',
    raw: { socket: { remoteAddress: '::ffff:10.0.0.7' } },
    params: {},
    body: { name: 'n', secret: 's' },
  };

  it('tells what there was before, if the handler does', async () => {
    const { interceptor, stored } = anInterceptor();
    const handler = answering(() => {
      auditBefore({ size: 1 });
      auditTarget('found out');
      return { size: 2 };
    });
    const asked = interceptor.intercept(context('http', ThingsController, 'createThing', post), handler);
    expect(await firstValueFrom(asked)).toEqual({ size: 2 });
    expect(await stored()).toMatchObject([
      {
        act: 'things.create_thing',
        target: 'found out',
        before: { size: 1 },
        after: { size: 2 },
        address: '10.0.0.7',
        traceId: 'trace',
        outcome: 'done',
        principal: 'nobody',
      },
    ]);
  });

  it('tells a refusal from a failure of ours, and lets both pass', async () => {
    const { interceptor, stored } = anInterceptor();
    const thrown = [new DistributionError('topic.exists', 'there'), new Error('broken')];
    for (const error of thrown) {
      const handler = { handle: () => throwError(() => error) };
      const asked = interceptor.intercept(context('http', ThingsController, 'createThing', post), handler);
      await expect(firstValueFrom(asked)).rejects.toBe(error);
    }
    expect((await stored()).map(({ outcome, code, after }) => [outcome, code, after])).toEqual([
      ['failed', 'internal', { name: 'n', secret: '[secret]' }],
      ['refused', 'topic.exists', { name: 'n', secret: '[secret]' }],
    ]);
  });

  it.each([{ subscription_id: 's-1' }, { topic: 'a/b', subscription: 's-1' }])(
    'tells of calls of gRPC what they name, from where, and in which trace: %j',
    async (request) => {
      const { interceptor, stored } = anInterceptor();
      await firstValueFrom(
        interceptor.intercept(
          context('rpc', ThingsGrpc, 'deleteThing', request),
          answering(() => ({})),
        ),
      );
      expect(await stored()).toMatchObject([
        { act: 'things.delete_thing', door: 'grpc', target: 's-1', address: '10.0.0.9', traceId: 'a'.repeat(32) },
      ]);
    },
  );

  it.each([
    ['reads over REST', 'http', ThingsController, 'createThing', { ...post, method: 'GET' }],
    ['reads over gRPC', 'rpc', ThingsGrpc, 'getThing', {}],
    ['handlers that say so', 'http', ThingsController, 'tryThing', post],
    ['streams', 'ws', ThingsController, 'createThing', post],
  ] as const)('leaves %s alone', async (_what, type, area, handler, request) => {
    const { interceptor, stored } = anInterceptor();
    await firstValueFrom(
      interceptor.intercept(
        context(type, area, handler, request),
        answering(() => 1),
      ),
    );
    expect(await stored()).toEqual([]);
  });

  it('refuses an act that could not be recorded', async () => {
    const { interceptor, log, trail } = anInterceptor();
    log.isAway = true;
    for (let index = 0; index < MAX_WAITING_ENTRIES; index++) await trail.record(anAuditEntry());
    let isDone = false;
    const handler = answering(() => (isDone = true));
    expect(() => interceptor.intercept(context('http', ThingsController, 'createThing', post), handler)).toThrow();
    expect(isDone).toBe(false);
  });
});
