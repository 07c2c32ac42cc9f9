import { CloudEvent } from 'cloudevents';
import { COMMAND_DOORS, STREAM_DOORS } from './doors/all-doors.js';
import { reopened, type Selection, type StreamDoor, subscribed } from './doors/door.js';
import { typedDoor } from './doors/grpc.js';
import { aMetric, alerts, alertsOf, anAlert, aService, idsOf } from './events.js';
import { TestApp } from './harness.js';

type Fields = Readonly<Record<string, unknown>>;

const MAPPING = {
  steps: [
    { map: { 'data.level': { cel: 'data.current_value > data.threshold ? "over" : "under"' } } },
    { rename: { 'data.current_value': 'data.value' } },
    { redact: { paths: ['**.owner_email'], with: 'mask', keep_last: 4 } },
  ],
};
/** Fails for events without a number. */
const TWICE = { steps: [{ map: { 'data.twice': { cel: 'data.number * 2' } } }] };

const owned = (service: string) =>
  anAlert(service, {
    data: { alert_id: 'a1', service_name: service, current_value: 5, threshold: 1, owner_email: 'ann@example.org' },
  });

describe('what subscriptions make of events', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  describe.each(STREAM_DOORS)('over $name', (door: StreamDoor) => {
    /** Everything that came, once `count` events have. */
    const receive = async (selection: Selection, publish: readonly object[], count = publish.length) => {
      const stream = await subscribed(door, app, selection);
      if (publish.length > 0) await app.publish(...publish);
      const events = (await stream.record.events(count)) as unknown as (Fields & { readonly data: Fields })[];
      await stream.close();
      return events;
    };

    it('transforms live events', async () => {
      const service = aService();
      const [{ data }] = await receive({ ...alertsOf(service), transformation: MAPPING }, [owned(service)]);
      expect(data).toMatchObject({ level: 'over', value: 5, owner_email: '********.org' });
      expect(data).not.toHaveProperty('current_value');
    });

    it('transforms what is read from the log, and snapshots', async () => {
      const service = aService();
      await app.publish(owned(service));
      const [replayed] = await receive({ ...alertsOf(service), transformation: MAPPING, start: 'earliest' }, [], 1);
      expect(replayed.data).toMatchObject({ level: 'over' });
      await app.publish(aMetric(service, 3));
      const transformation = { steps: [{ map: { 'data.more': { cel: 'data.current_value + 1' } } }] };
      const selection = { services: [service], data_types: ['METRICS'], transformation };
      const [latest] = await receive({ ...selection, start: 'snapshot' }, [], 1);
      expect(latest.data).toMatchObject({ current_value: 3, more: 4 });
    });

    it('sends only the fields that were asked for, and event_id', async () => {
      const service = aService();
      const event = owned(service);
      const [received] = await receive({ ...alertsOf(service), fields: ['data.threshold', 'data_type'] }, [event]);
      expect(received).toMatchObject({ event_id: event.event_id, data_type: 'ALERTS', data: { threshold: 1 } });
      expect(Object.keys(received.data)).toEqual(['threshold']);
      if (door !== typedDoor) expect(Object.keys(received).sort()).toEqual(['data', 'data_type', 'event_id']);
    });

    it('announces how many events its transformation did not let out', async () => {
      const service = aService();
      const stream = await subscribed(door, app, { ...alertsOf(service), transformation: TWICE });
      const [first, second] = alerts(service, 2);
      await app.publish(first, owned(service), owned(service), second);
      const events = await stream.record.events(2);
      expect(idsOf(events)).toEqual(idsOf([first, second]));
      const dropped = stream.record.of('data').reduce((sum, frame) => sum + (frame.dropped ?? 0), 0);
      expect(dropped).toBe(2);
      await stream.close();
    });

    it('refuses a definition with every problem and its path', async () => {
      const transformation = {
        steps: [{ map: { 'data.x': { cel: '1 +' } } }, { redact: { paths: ['a'], with: 'blur' } }],
      };
      const stream = await door.open(app, { ...alertsOf(aService()), transformation });
      const error = await stream.record.next('error');
      expect(error.code).toBe('request.invalid');
      expect(error.errors?.map(({ path }) => path)).toEqual([
        'transformation.steps[0].map["data.x"].cel',
        'transformation.steps[1].redact.with',
      ]);
      await stream.close();
    });

    it('refuses the name of a transformation that is not there', async () => {
      const stream = await door.open(app, { ...alertsOf(aService()), transformation: 'nowhere' });
      expect(await stream.record.next('error')).toMatchObject({ code: 'transformation.not_found' });
      await stream.close();
    });
  });

  describe.each(STREAM_DOORS.filter((door) => door !== typedDoor))('over $name', (door: StreamDoor) => {
    it('sends CloudEvents that the SDK of CloudEvents takes', async () => {
      const service = aService();
      const event = owned(service);
      const stream = await subscribed(door, app, { ...alertsOf(service), format: 'cloudevents' });
      await app.publish(event);
      const [received] = (await stream.record.events(1)) as unknown as Fields[];
      await stream.close();
      const parsed = new CloudEvent(received as ConstructorParameters<typeof CloudEvent>[0]);
      expect(parsed.validate()).toBe(true);
      expect(parsed).toMatchObject({
        id: event.event_id,
        type: 'distributary.alerts',
        source: `/monitoring/${service}`,
        topic: 'monitoring/alerts/critical',
        severity: 'CRITICAL',
        data: { current_value: 5 },
      });
    });
  });

  describe.each(COMMAND_DOORS)('over $name', (door) => {
    it('transforms history', async () => {
      const service = aService();
      await app.publish(owned(service));
      const stream = await door.connect(app);
      const filter = `service == "${service}" && data_type == "ALERTS"`;
      const patterns = ['monitoring/alerts/#'];
      stream.send('history', { id: 'h', patterns, filter, transformation: MAPPING, fields: ['data.level'] });
      const { events } = await stream.record.next('history');
      expect(events).toEqual([{ event_id: expect.any(String) as string, data: { level: 'over' } }]);
      await stream.close();
    });

    it('leaves an id in the place of what it does not let out where events are acknowledged one by one', async () => {
      const service = aService();
      const stream = await door.connect(app);
      const shared = { name: service, type: 'shared', transformation: TWICE } as const;
      stream.send('subscribe', { id: 's', ...alertsOf(service), ...shared });
      const { generation } = await stream.record.next('subscribed');
      const [good] = alerts(service, 1, 4);
      const bad = owned(service);
      await app.publish(bad, good);
      const received = (await stream.record.events(2)) as unknown as Fields[];
      expect(received.find(({ event_id }) => event_id === bad.event_id)).toEqual({
        event_id: bad.event_id,
        dropped: true,
      });
      expect(received.find(({ event_id }) => event_id === good.event_id)).toMatchObject({ data: { twice: 8 } });
      stream.send('ack', { id: 's', generation: generation as number, event_ids: [bad.event_id, good.event_id] });
      stream.send('ping', {});
      await stream.record.next('pong');
      expect(stream.record.of('error')).toEqual([]);
      await stream.close();
    });

    it('remembers what a durable subscription asked for', async () => {
      const service = aService();
      const durable = { ...alertsOf(service), name: service };
      await (await subscribed(door, app, { ...durable, fields: ['data.threshold'] })).close();
      const other = await door.open(app, { ...durable, fields: ['data.current_value'] });
      expect(await other.record.next('error')).toMatchObject({ code: 'subscription.exists' });
      await other.close();
      await app.publish(owned(service));
      const again = await reopened(door, app, durable);
      const [received] = (await again.record.events(1)) as unknown as (Fields & { data: Fields })[];
      expect(received.data).toEqual({ threshold: 1 });
      await again.close();
    });
  });

  it('gives subscriptions that want the same one feed, and others another', async () => {
    const service = aService();
    const feedOf = async (selection: Selection) => {
      const stream = await STREAM_DOORS[0].open(app, { ...alertsOf(service), ...selection });
      return { stream, feed: (await stream.record.next('subscribed')).feed };
    };
    const opened = [
      await feedOf({ transformation: MAPPING }),
      await feedOf({ transformation: { steps: [...MAPPING.steps] } }),
      await feedOf({}),
      await feedOf({ fields: ['data'] }),
    ];
    const [one, same, plain, fields] = opened.map(({ feed }) => feed);
    expect(same).toBe(one);
    expect(new Set([one, plain, fields]).size).toBe(3);
    for (const { stream } of opened) await stream.close();
  });
});
