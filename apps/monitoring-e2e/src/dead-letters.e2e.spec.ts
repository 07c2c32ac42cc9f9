import { randomUUID } from 'node:crypto';
import type { SubscribePayload } from '@distributary/contracts';
import { until } from '@distributary/distribution-core/testing';
import { COMMAND_DOORS } from './doors/all-doors.js';
import { type CommandDoor, type CommandStream, reopened } from './doors/door.js';
import { webSocketDoor } from './doors/web-socket.js';
import { alerts, alertsOf, aService, idsOf } from './events.js';
import { TestApp } from './harness.js';

const LETTERS = '/api/v1/monitoring/dead-letters';

interface Letter {
  readonly dead_letter_id: string;
  readonly event_id: string;
  readonly status: string;
}

interface Reader extends CommandStream {
  readonly generation: number;
}

async function join(
  door: CommandDoor,
  app: TestApp,
  name: string,
  service: string,
  more: Partial<SubscribePayload> = {},
): Promise<Reader> {
  const stream = await reopened(door, app, { name, ...alertsOf(service), start: 'earliest', max_attempts: 2, ...more });
  const [{ generation }] = stream.record.of('subscribed');
  return { ...stream, generation: generation as number };
}

/** Refuses one event, as often as it comes, until it is a dead letter. */
async function buried(app: TestApp, reader: Reader, name: string, eventId: string): Promise<Letter> {
  const { max_unacked, positions } = reader.record.of('subscribed')[0];
  const isOrdered = max_unacked === undefined;
  let refused = 0;
  return until('the dead letter', async () => {
    const came = idsOf(reader.record.received()).filter((id) => id === eventId).length;
    if (came > refused) {
      refused = came;
      // In order, what comes after the last acknowledged position is refused.
      reader.send('nack', {
        id: 's',
        generation: reader.generation,
        delay_ms: 1,
        ...(isOrdered ? { positions } : { event_ids: [eventId] }),
      });
    }
    const { body } = await app.get(`${LETTERS}?subscription_id=${name}`);
    return (body.items as Letter[]).find((letter) => letter.event_id === eventId && letter.status === 'dead');
  });
}

describe('dead letters', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  const letterOf = async (id: string) => (await app.get(`${LETTERS}/${id}`)).body;

  describe.each(COMMAND_DOORS)('over $name', (door) => {
    it('take the one event that blocks a lane, which goes on', async () => {
      const [service, name] = [aService(), randomUUID()];
      const reader = await join(door, app, name, service);
      const sent = alerts(service, 3);
      await app.publish(...sent);
      const [bad, ...good] = idsOf(sent);
      const letter = await buried(app, reader, name, bad);
      const after = await until('the rest once more', () => {
        const ids = idsOf(reader.record.received());
        return ids.lastIndexOf(good[1]) > ids.lastIndexOf(bad) && ids;
      });
      expect(after.slice(-2)).toEqual(good);
      expect(await letterOf(letter.dead_letter_id)).toMatchObject({
        subscription_id: name,
        event_id: bad,
        status: 'dead',
        reason: 'nacked',
        fault: 'receiver',
        attempts: 2,
        origin: { topic: 'monitoring/alerts/critical', position: expect.any(String) },
        letter: { topic: 'monitoring/dead-letters' },
        event: { event_id: bad, data: { number: 0 } },
      });
      await reader.close();
    });

    it.each(['exclusive', 'shared', 'key_shared'] as const)(
      'are sent again to a subscription of type %s only, once, however often that is asked',
      async (type) => {
        const [service, name] = [aService(), randomUUID()];
        const bystander = await door.open(app, alertsOf(service));
        await bystander.record.next('subscribed');
        const reader = await join(door, app, name, service, { type });
        const [bad] = alerts(service, 1);
        await app.publish(bad);
        const { dead_letter_id: id } = await buried(app, reader, name, bad.event_id);
        const before = reader.record.received().length;
        for (const _ of [1, 2]) {
          const replayed = await app.post(`${LETTERS}/${id}/replay`, {});
          expect(replayed).toMatchObject({ status: 200, body: { status: 'replaying', replays: 1 } });
        }
        await reader.record.events(before + 1);
        reader.send('ack', { id: 's', generation: reader.generation, event_ids: [bad.event_id] });
        await until('the end of the replay', async () => (await letterOf(id)).status === 'replayed');
        expect((await app.post(`${LETTERS}/${id}/replay`, {})).body).toMatchObject({ status: 'replayed', replays: 1 });
        reader.send('ping', 1);
        await reader.record.next('pong');
        expect(reader.record.received()).toHaveLength(before + 1);
        expect(idsOf(bystander.record.received())).toEqual([bad.event_id]);
        await Promise.all([reader.close(), bystander.close()]);
      },
    );
  });

  it('wait for their subscription to be received again', async () => {
    const [service, name] = [aService(), randomUUID()];
    const first = await join(webSocketDoor, app, name, service);
    const [bad] = alerts(service, 1);
    await app.publish(bad);
    const { dead_letter_id: id } = await buried(app, first, name, bad.event_id);
    await first.close();
    await app.post(`${LETTERS}/replay`, { subscription_id: name });
    const second = await join(webSocketDoor, app, name, service);
    await second.record.events(1);
    // Interrupted: the session goes without a word.
    await second.close();
    const third = await join(webSocketDoor, app, name, service);
    expect(idsOf(await third.record.events(1))).toEqual([bad.event_id]);
    third.send('ack', { id: 's', generation: third.generation, event_ids: [bad.event_id] });
    await until('the end of the replay', async () => (await letterOf(id)).status === 'replayed');
    await third.close();
  });

  it('go to their topic again, where everybody receives them once more', async () => {
    const [service, name] = [aService(), randomUUID()];
    const bystander = await webSocketDoor.open(app, alertsOf(service));
    await bystander.record.next('subscribed');
    const reader = await join(webSocketDoor, app, name, service);
    const [bad] = alerts(service, 1);
    await app.publish(bad);
    const { dead_letter_id: id } = await buried(app, reader, name, bad.event_id);
    const before = reader.record.received().length;
    const outcomes = [1, 2].map(() => app.post(`${LETTERS}/${id}/replay`, { target: 'topic' }));
    for (const { status } of await Promise.all(outcomes)) expect(status).toBe(200);
    await reader.record.events(before + 1);
    await bystander.record.events(2);
    expect((await letterOf(id)).status).toBe('replayed');
    reader.send('ping', 1);
    await reader.record.next('pong');
    expect(reader.record.received()).toHaveLength(before + 1);
    await Promise.all([reader.close(), bystander.close()]);
  });

  it('that grow in number raise an alert, which is over when they have been dealt with', async () => {
    const [service, name] = [aService(), randomUUID()];
    const watcher = await webSocketDoor.open(app, {
      patterns: ['monitoring/alerts/#'],
      services: ['monitoring-distribution'],
      start: 'earliest',
    });
    await watcher.record.next('subscribed');
    const alertsSeen = () =>
      watcher.record.received().flatMap(({ data }) => (data.rule_id === 'dead-letters-growing' ? [data.status] : []));
    await app.post(`${LETTERS}/discard`, { all: true });
    await until('quiet', async () => {
      const { body } = await app.get('/api/v1/monitoring/alerts/active');
      return !JSON.stringify(body).includes('dead-letters-growing') && alertsSeen().at(-1) !== 'raised';
    });
    const reader = await join(webSocketDoor, app, name, service, { type: 'shared', max_attempts: 1 });
    const [bad] = alerts(service, 1);
    await app.publish(bad);
    await buried(app, reader, name, bad.event_id);
    await until('the alert', () => alertsSeen().at(-1) === 'raised');
    await app.post(`${LETTERS}/discard`, { all: true });
    await until('its end', () => alertsSeen().at(-1) === 'resolved');
    await Promise.all([reader.close(), watcher.close()]);
  }, 30_000);

  it('are discarded, listed page by page, and refused with what is wrong', async () => {
    const [service, name] = [aService(), randomUUID()];
    const reader = await join(webSocketDoor, app, name, service, { type: 'shared', max_attempts: 1 });
    const sent = alerts(service, 3);
    await app.publish(...sent);
    await reader.record.events(3);
    reader.send('nack', { id: 's', generation: reader.generation, event_ids: idsOf(sent) });
    const all = await until('three letters', async () => {
      const { items } = (await app.get(`${LETTERS}?subscription_id=${name}`)).body;
      return (items as Letter[]).length === 3 && (items as Letter[]);
    });
    const first = await app.get(`${LETTERS}?subscription_id=${name}&limit=2`);
    expect(first.body).toMatchObject({ has_more: true });
    const rest = await app.get(`${LETTERS}?subscription_id=${name}&limit=2&cursor=${String(first.body.cursor)}`);
    expect([...(first.body.items as Letter[]), ...(rest.body.items as Letter[])]).toEqual(all);
    const gone = await app.delete(`${LETTERS}/${all[0].dead_letter_id}`);
    expect(gone).toMatchObject({ status: 200, body: { status: 'discarded' } });
    expect((await app.post(`${LETTERS}/discard`, { subscription_id: name })).body).toEqual({
      count: 2,
      has_more: false,
    });
    expect((await app.post(`${LETTERS}/replay`, { subscription_id: name })).body).toMatchObject({ count: 0 });
    expect((await app.post(`${LETTERS}/replay`, {})).body).toMatchObject({ code: 'request.invalid' });
    expect(await app.get(`${LETTERS}/${randomUUID()}`)).toMatchObject({ status: 404 });
    expect(await app.get(`${LETTERS}/nonsense`)).toMatchObject({ status: 400 });
    await reader.close();
  });
});
