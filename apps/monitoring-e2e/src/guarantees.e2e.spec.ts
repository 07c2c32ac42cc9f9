import { randomUUID } from 'node:crypto';
import type { DataPayload, SubscribePayload } from '@distributary/contracts';
import { until } from '@distributary/distribution-core/testing';
import { COMMAND_DOORS } from './doors/all-doors.js';
import type { CommandDoor, CommandStream } from './doors/door.js';
import { alerts, alertsOf, anAlert, aService, idsOf } from './events.js';
import { TestApp } from './harness.js';

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
  const stream = await door.connect(app);
  stream.send('subscribe', { id: 's', name, type: 'shared', ...alertsOf(service), start: 'earliest', ...more });
  const { generation } = await stream.record.next('subscribed');
  return { ...stream, generation: generation as number };
}

const ack = (reader: Reader, ...event_ids: string[]) =>
  reader.send('ack', { id: 's', generation: reader.generation, event_ids });

const received = (reader: Reader): string[] => idsOf(reader.record.received());

/** Event ids and the attempt that came with them. */
const attempts = (reader: Reader): [string, number][] =>
  reader.record
    .of('data')
    .flatMap(({ events, attempt }: DataPayload) =>
      idsOf(events as { event_id: string }[]).map((id): [string, number] => [id, attempt ?? 1]),
    );

describe('a subscription of a shared type', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  describe.each(COMMAND_DOORS)('over $name', (door) => {
    it('gives each event to one of its sessions', async () => {
      const [service, name] = [aService(), randomUUID()];
      const readers = [await join(door, app, name, service, { credit: 4 }), await join(door, app, name, service)];
      const sent = alerts(service, 10);
      await app.publish(...sent);
      await until('all events', () => received(readers[0]).length + received(readers[1]).length === 10);
      expect([...received(readers[0]), ...received(readers[1])].sort()).toEqual(idsOf(sent).sort());
      expect(received(readers[0]).length).toBeLessThanOrEqual(4);
      await Promise.all(readers.map((reader) => reader.close()));
    });

    it('sends again, to whoever is there, what was not acknowledged when a session went', async () => {
      const [service, name] = [aService(), randomUUID()];
      const first = await join(door, app, name, service);
      const sent = idsOf(await publishAlerts(app, service, 6));
      await first.record.events(6);
      ack(first, ...sent.slice(0, 3), sent[4]);
      first.send('ping', 1);
      await first.record.next('pong');
      await first.close();
      const second = await until('the subscription to be free', () => join(door, app, name, service));
      expect(idsOf(await second.record.events(2)).sort()).toEqual([sent[3], sent[5]].sort());
      await second.close();
    });

    it('sends again what was refused or not acknowledged in time, and says how often', async () => {
      const [service, name] = [aService(), randomUUID()];
      const reader = await join(door, app, name, service, { ack_timeout_ms: 600 });
      const [refused, forgotten] = idsOf(await publishAlerts(app, service, 2));
      await reader.record.events(2);
      reader.send('nack', { id: 's', generation: reader.generation, event_ids: [refused], delay_ms: 10 });
      await reader.record.events(3);
      ack(reader, refused);
      await reader.record.events(4);
      expect(attempts(reader).slice(2)).toEqual([
        [refused, 2],
        [forgotten, 2],
      ]);
      ack(reader, forgotten);
      await reader.close();
    });

    it('holds no more unacknowledged than it may, and takes acknowledgements by position', async () => {
      const [service, name] = [aService(), randomUUID()];
      const reader = await join(door, app, name, service, { max_unacked: 2 });
      expect(reader.record.of('subscribed')[0].max_unacked).toBe(2);
      await publishAlerts(app, service, 3);
      await reader.record.events(2);
      const [{ lane, epoch, positions }] = reader.record.of('data');
      const [topic, partition] = lane.split('#');
      const at = [{ topic, partition: Number(partition), epoch, position: positions?.[0] as string }];
      expect(received(reader)).toHaveLength(2);
      reader.send('ack', { id: 's', generation: reader.generation, at });
      expect(await reader.record.events(3)).toHaveLength(3);
      await reader.close();
    });

    it('refuses what would acknowledge more than single events', async () => {
      const [service, name] = [aService(), randomUUID()];
      const reader = await join(door, app, name, service);
      reader.send('ack', { id: 's', generation: reader.generation, positions: [] });
      const positions = [{ topic: 't', partition: 0, epoch: 'e', position: '' }];
      reader.send('ack', { id: 's', generation: reader.generation, positions });
      for (const _ of [1, 2]) expect(await reader.record.next('error')).toMatchObject({ code: 'request.invalid' });
      reader.send('ack', { id: 's', generation: reader.generation + 1, event_ids: ['x'] });
      expect(await reader.record.next('error')).toMatchObject({ code: 'generation.stale' });
      await reader.close();
    });

    it('keeps the order of a key, which moves only when nothing of it is under way', async () => {
      const [service, name] = [aService(), randomUUID()];
      const keyed = { type: 'key_shared', ack_timeout_ms: 60_000 } as const;
      const readers = [await join(door, app, name, service, keyed), await join(door, app, name, service, keyed)];
      const keys = Array.from({ length: 6 }, (_, index) => `${service}.alert.k${index}`);
      const sent = keys.flatMap((key, number) =>
        [1, 2, 3].map((n) =>
          anAlert(service, {
            routing: { routing_key: key },
            data: { alert_id: `${number}`, service_name: service, number: n },
          }),
        ),
      );
      await app.publish(...sent);
      await until('all events', () => received(readers[0]).length + received(readers[1]).length === 18);
      const [mine] = readers.map((reader) => reader.record.received());
      const held = new Set(mine.map((event) => event.distribution.routing_key));
      for (const key of held) {
        const numbers = mine.filter((event) => event.distribution.routing_key === key).map(({ data }) => data.number);
        expect(numbers).toEqual([1, 2, 3]);
      }
      await readers[0].close();
      const after = await readers[1].record.events(18);
      for (const key of keys) {
        const numbers = after.filter((event) => event.distribution.routing_key === key).map(({ data }) => data.number);
        expect(numbers).toEqual([1, 2, 3]);
      }
      await readers[1].close();
    });
  });
});

async function publishAlerts(app: TestApp, service: string, count: number) {
  const sent = alerts(service, count);
  await app.publish(...sent);
  return sent;
}
