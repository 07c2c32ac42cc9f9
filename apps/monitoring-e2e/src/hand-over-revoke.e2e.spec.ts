import { randomUUID } from 'node:crypto';
import { until } from '@distributary/distribution-core/testing';
import { makeKey, startSecured } from './access.js';
import { COMMAND_DOORS } from './doors/all-doors.js';
import { type CommandDoor, type CommandStream, reopened, type Selection } from './doors/door.js';
import { alertsOf, anAlert, aService, idsOf, type StoredEvent } from './events.js';
import type { TestApp } from './harness.js';

const TYPES = ['exclusive', 'failover', 'shared', 'key_shared'] as const;
const KEYS = 4;
const EVENTS = 40;
/** What the first reader acknowledges before its key is revoked. */
const DEALT_WITH = 12;
const UNACKNOWLEDGED = 8;

interface Reader extends CommandStream {
  readonly generation: number;
}

/** Numbered events of a few keys, in order within each of them. */
const numbered = (service: string) =>
  Array.from({ length: EVENTS }, (_, number) =>
    anAlert(service, {
      data: { alert_id: `k${number % KEYS}`, service_name: service, number },
      routing: { routing_key: `${service}.alert.k${number % KEYS}` },
    }),
  );

const keyOf = (event: StoredEvent): string => event.distribution.routing_key;
const numberOf = (event: StoredEvent): number => event.data.number as number;

function firstOfEach(events: readonly StoredEvent[]): StoredEvent[] {
  const seen = new Set<string>();
  return events.filter(({ event_id: id }) => !seen.has(id) && seen.add(id));
}

describe('a subscription whose reader loses its key', () => {
  let app: TestApp;
  let admin: TestApp;
  beforeAll(async () => {
    ({ app, admin } = await startSecured({ OWNERSHIP_TERM_MS: '3000' }));
  }, 60_000);
  afterAll(() => app.stop());

  const join = async (door: CommandDoor, as: TestApp, selection: Selection): Promise<Reader> => {
    const stream = await reopened(door, as, { start: 'earliest', ...selection });
    const [{ generation }] = stream.record.of('subscribed');
    return { ...stream, generation: generation as number };
  };

  const acknowledge = (reader: Reader, events: readonly StoredEvent[], isSingle: boolean): void => {
    if (isSingle) reader.send('ack', { id: 's', generation: reader.generation, event_ids: idsOf(events) });
    else reader.send('ack', { id: 's', generation: reader.generation, cursor: reader.record.cursor() });
  };

  describe.each(COMMAND_DOORS)('over $name', (door) => {
    it.each(TYPES)('of type %s passes to the next: nothing lost, keys in order, few copies', async (type) => {
      const [service, name] = [aService(), randomUUID()];
      const isSingle = type === 'shared' || type === 'key_shared';
      const subscription = { ...alertsOf(service), name, type };
      const key = await makeKey(admin);
      const first = await join(door, app.as(key.key), { ...subscription, credit: DEALT_WITH });
      const sent = numbered(service);
      await admin.publish(...sent);
      const before = await first.record.events(DEALT_WITH);
      acknowledge(first, before, isSingle);
      // A second helping, which stays unacknowledged.
      first.send('credit', { id: 's', events: UNACKNOWLEDGED });
      const atFirst = await first.record.events(DEALT_WITH + UNACKNOWLEDGED);

      const revokedAtMs = performance.now();
      await admin.delete(`/api/v1/monitoring/api-keys/${key.id}`);
      expect(await first.record.ended()).toBeDefined();
      expect(performance.now() - revokedAtMs).toBeLessThan(1_000);

      const second = await join(door, admin, subscription);
      const atSecond = await until('what is left', () => {
        const received = second.record.received();
        const all = new Set([...idsOf(atFirst), ...idsOf(received)]);
        return all.size === EVENTS && received;
      });
      expect(new Set([...idsOf(atFirst), ...idsOf(atSecond)])).toEqual(new Set(idsOf(sent)));
      // What it acknowledged is stored before the session ends.
      const copies = atSecond.filter(({ event_id: id }) => idsOf(atFirst).includes(id));
      expect(copies.length).toBeLessThanOrEqual(UNACKNOWLEDGED);
      if (type !== 'shared') {
        for (const events of grouped(firstOfEach([...atFirst, ...atSecond])).values()) {
          const numbers = events.map(numberOf);
          expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
        }
      }
      await second.close();
    });
  });
});

function grouped(events: readonly StoredEvent[]): Map<string, StoredEvent[]> {
  const groups = new Map<string, StoredEvent[]>();
  for (const event of events) groups.set(keyOf(event), [...(groups.get(keyOf(event)) ?? []), event]);
  return groups;
}
