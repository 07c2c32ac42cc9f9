import type { DailyDelivery } from '../delivery/statistics/daily-delivery.js';
import { noLatencies } from '../delivery/statistics/daily-delivery.js';
import type { DailyDeliveryStore } from '../ports/daily-delivery-store.port.js';

export function aDay(row: Partial<DailyDelivery> = {}): DailyDelivery {
  const latencies = noLatencies();
  latencies[7] = 5;
  return {
    topic: 'a/b',
    tenant: 'default',
    day: '2026-11-21',
    events: 10,
    deliveries: 5,
    failed: 1,
    dropped: 2,
    latencies,
    servedMinutes: [0, 1, 1439],
    ...row,
  };
}

/** Every implementation of {@link DailyDeliveryStore} passes this. `create` gives an empty one. */
export function describeDailyDeliveryStoreContract(name: string, create: () => Promise<DailyDeliveryStore>): void {
  describe(`${name} as a store of daily deliveries`, () => {
    const all = { tenant: 'default', from: '2026-01-01', to: '2026-12-31', limit: 100 };

    it('gives back what it was given', async () => {
      const store = await create();
      await store.add([aDay()]);
      expect(await store.find(all)).toEqual([{ ...aDay(), firstDay: '2026-11-21' }]);
      await store.add([]);
    });

    it('adds counts and joins minutes, whoever writes, at once or one after another', async () => {
      const store = await create();
      const rows = Array.from({ length: 8 }, (_, minute) => aDay({ servedMinutes: [1, minute * 100] }));
      await Promise.all(rows.map((row) => store.add([row, aDay({ topic: 'other' })])));
      const [sum, other] = await store.find(all);
      const latencies = noLatencies();
      latencies[7] = 40;
      expect(sum).toMatchObject({ events: 80, deliveries: 40, failed: 8, dropped: 16, latencies });
      expect(sum.servedMinutes).toEqual([0, 1, 100, 200, 300, 400, 500, 600, 700]);
      expect(other).toMatchObject({ topic: 'other', events: 80 });
    });

    it('finds by tenant, topic and days, in order, and says when it began', async () => {
      const store = await create();
      const days = ['2026-11-19', '2026-11-21', '2026-11-20'];
      await store.add(days.map((day) => aDay({ day })));
      await store.add([aDay({ topic: 'a/c' }), aDay({ topic: '@acme/a/b', tenant: 'acme' })]);
      const found = await store.find(all);
      expect(found.map(({ topic, day }) => `${topic} ${day}`)).toEqual([
        'a/b 2026-11-19',
        'a/b 2026-11-20',
        'a/b 2026-11-21',
        'a/c 2026-11-21',
      ]);
      expect(found[2].firstDay).toBe('2026-11-19');
      const range = { ...all, topic: 'a/b', from: '2026-11-20', to: '2026-11-20' };
      expect(await store.find(range)).toMatchObject([{ day: '2026-11-20', firstDay: '2026-11-19' }]);
      expect(await store.find({ ...all, tenant: 'acme' })).toHaveLength(1);
      expect(await store.find({ ...all, limit: 2 })).toHaveLength(2);
    });

    it('lets old days go', async () => {
      const store = await create();
      await store.add([aDay({ day: '2026-11-19' }), aDay({ day: '2026-11-20' }), aDay()]);
      expect(await store.deleteBefore('2026-11-21')).toBe(2);
      expect(await store.deleteBefore('2026-11-21')).toBe(0);
      expect(await store.find(all)).toHaveLength(1);
    });
  });
}
