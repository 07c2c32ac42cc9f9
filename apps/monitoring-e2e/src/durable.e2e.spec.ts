import { randomUUID } from 'node:crypto';
import { until } from '@distributary/distribution-core/testing';
import { COMMAND_DOORS } from './doors/all-doors.js';
import { type CommandDoor, type CommandStream, reopened } from './doors/door.js';
import { webSocketDoor } from './doors/web-socket.js';
import { alerts, alertsOf, aService, idsOf } from './events.js';
import { TestApp } from './harness.js';

interface Owner extends CommandStream {
  readonly generation: number;
}

interface StoredSubscription {
  readonly subscription_id: string;
  readonly positions: readonly { readonly position: string }[];
}

async function own(door: CommandDoor, app: TestApp, name: string, service: string): Promise<Owner> {
  const stream = await reopened(door, app, { name, ...alertsOf(service), start: 'earliest' });
  const [{ generation }] = stream.record.of('subscribed');
  return { ...stream, generation: generation as number };
}

async function storedPositions(app: TestApp, name: string): Promise<string[]> {
  const { body } = await app.get('/api/v1/monitoring/subscriptions?limit=500');
  const stored = (body.items as StoredSubscription[]).find((one) => one.subscription_id === name);
  return (stored?.positions ?? []).map(({ position }) => position).filter((position) => position !== '');
}

/** Acknowledges all that was received, and waits until it is stored. */
async function acknowledge(owner: Owner, app: TestApp, name: string): Promise<void> {
  const positions = owner.record.positions('s');
  owner.send('ack', { id: 's', generation: owner.generation, positions });
  const wanted = positions.map(({ position }) => position).filter((position) => position !== '');
  await until('the stored positions', async () => {
    const stored = await storedPositions(app, name);
    return wanted.every((position) => stored.includes(position));
  });
}

describe('a durable subscription', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  describe.each(COMMAND_DOORS)('over $name', (door) => {
    it('resumes after what was acknowledged, in a later generation', async () => {
      const [service, name] = [aService(), randomUUID()];
      const sent = alerts(service, 8);
      const first = await own(door, app, name, service);
      await app.publish(...sent.slice(0, 3));
      await first.record.events(3);
      await acknowledge(first, app, name);
      await app.publish(...sent.slice(3, 5));
      await first.record.events(5);
      await first.close();
      await app.publish(...sent.slice(5));
      const second = await own(door, app, name, service);
      expect(idsOf(await second.record.events(5))).toEqual(idsOf(sent.slice(3)));
      expect(second.generation).toBeGreaterThan(first.generation);
      expect(second.record.of('subscribed')[0].recovered).toBe('full');
      await second.close();
    });

    it('takes a cursor as an acknowledgement too', async () => {
      const [service, name] = [aService(), randomUUID()];
      const sent = alerts(service, 4);
      const first = await own(door, app, name, service);
      await app.publish(...sent.slice(0, 2));
      await first.record.events(2);
      first.send('ack', { id: 's', generation: first.generation, cursor: first.record.cursor('s') });
      first.send('ping', 1);
      await first.record.next('pong');
      await first.close();
      await app.publish(...sent.slice(2));
      const second = await own(door, app, name, service);
      expect(idsOf(await second.record.events(2))).toEqual(idsOf(sent.slice(2)));
      await second.close();
    });

    it('sends again what was refused', async () => {
      const [service, name] = [aService(), randomUUID()];
      const sent = alerts(service, 4);
      const owner = await own(door, app, name, service);
      await app.publish(...sent.slice(0, 2));
      await owner.record.events(2);
      await acknowledge(owner, app, name);
      const positions = owner.record.positions('s');
      await app.publish(...sent.slice(2));
      await owner.record.events(4);
      owner.send('nack', { id: 's', generation: owner.generation, positions });
      expect(idsOf(await owner.record.events(6))).toEqual(idsOf([...sent, ...sent.slice(2)]));
      await owner.close();
    });

    it('belongs to one session at a time', async () => {
      const [service, name] = [aService(), randomUUID()];
      const owner = await own(door, app, name, service);
      const other = await door.connect(app);
      other.send('subscribe', { id: 'mine', name, ...alertsOf(service) });
      expect(await other.record.next('error')).toMatchObject({
        id: 'mine',
        code: 'subscription.taken',
        retryable: true,
        retry_after_ms: expect.any(Number),
      });
      const sent = alerts(service, 1);
      await app.publish(...sent);
      expect(idsOf(await owner.record.events(1))).toEqual(idsOf(sent));
      expect(other.record.received()).toEqual([]);
      await Promise.all([owner.close(), other.close()]);
    });

    it('takes no acknowledgement of another generation, nor beyond what was sent', async () => {
      const [service, name] = [aService(), randomUUID()];
      const owner = await own(door, app, name, service);
      await app.publish(...alerts(service, 1));
      await owner.record.events(1);
      const positions = owner.record.positions('s');
      owner.send('ack', { id: 's', generation: owner.generation - 1, positions });
      expect(await owner.record.next('error')).toMatchObject({ id: 's', code: 'generation.stale' });
      const beyond = positions.map((lane) => ({ ...lane, position: 'zzzz' }));
      owner.send('ack', { id: 's', generation: owner.generation, positions: beyond });
      expect(await owner.record.next('error')).toMatchObject({ id: 's', code: 'request.invalid' });
      await owner.close();
    });

    it('keeps its selection', async () => {
      const [service, name] = [aService(), randomUUID()];
      await (await own(door, app, name, service)).close();
      const other = await door.connect(app);
      other.send('subscribe', { id: 's', name, ...alertsOf(aService()) });
      expect(await other.record.next('error')).toMatchObject({ code: 'subscription.exists' });
      await other.close();
    });

    it('that is shared refuses the topic of its own dead letters, from which it is replayed to', async () => {
      const stream = await door.connect(app);
      const patterns = ['monitoring/#', 'monitoring/dead-letters'];
      for (const type of ['shared', 'key_shared'] as const) {
        stream.send('subscribe', { id: 's', name: randomUUID(), type, patterns });
        const error = await stream.record.next('error');
        expect(error).toMatchObject({ code: 'request.invalid', errors: [{ path: 'patterns[1]' }] });
      }
      stream.send('subscribe', { id: 's', name: randomUUID(), patterns });
      await stream.record.next('subscribed');
      await stream.close();
    });

    it('that may lose nothing refuses a policy that loses', async () => {
      const stream = await door.connect(app);
      stream.send('subscribe', { id: 's', name: randomUUID(), slow_policy: 'drop-oldest' });
      const error = await stream.record.next('error');
      expect(error).toMatchObject({ code: 'request.invalid', errors: [{ path: 'slow_policy' }] });
      await stream.close();
    });
  });

  it('may be received through one door and then through another', async () => {
    const [service, name] = [aService(), randomUUID()];
    const sent = alerts(service, 8);
    let from = 0;
    for (const door of [...COMMAND_DOORS, ...COMMAND_DOORS.slice(0, 1)]) {
      const owner = await own(door, app, name, service);
      await app.publish(...sent.slice(from, from + 2));
      expect(idsOf(await owner.record.events(2))).toEqual(idsOf(sent.slice(from, from + 2)));
      await acknowledge(owner, app, name);
      await owner.close();
      from += 2;
    }
  });

  it('outlives a restart of the service', async () => {
    const [service, name] = [aService(), randomUUID()];
    const restarted = await TestApp.start();
    try {
      const sent = alerts(service, 7);
      const first = await own(webSocketDoor, restarted, name, service);
      await restarted.publish(...sent.slice(0, 3));
      await first.record.events(3);
      await acknowledge(first, restarted, name);
      await restarted.publish(...sent.slice(3, 5));
      await first.record.events(5);
      await restarted.restart();
      await restarted.publish(...sent.slice(5));
      const second = await own(webSocketDoor, restarted, name, service);
      expect(second.generation).toBeGreaterThan(first.generation);
      expect(idsOf(await second.record.events(4))).toEqual(idsOf(sent.slice(3)));
      await second.close();
    } finally {
      await restarted.stop();
    }
  }, 60_000);

  it('whose owner goes is taken over by the one that waits', async () => {
    const [service, name] = [aService(), randomUUID()];
    const subscribe = { id: 's', name, type: 'failover', ...alertsOf(service) } as const;
    const [first, second] = [await webSocketDoor.connect(app), await webSocketDoor.connect(app)];
    first.send('subscribe', subscribe);
    await first.record.next('subscribed');
    second.send('subscribe', subscribe);
    expect(await second.record.next('status')).toEqual({ id: 's', state: 'recovering' });
    await first.close();
    await second.record.next('subscribed');
    const sent = alerts(service, 2);
    await app.publish(...sent);
    expect(idsOf(await second.record.events(2))).toEqual(idsOf(sent));
    await second.close();
  });
});
