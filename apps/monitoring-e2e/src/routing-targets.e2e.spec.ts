import { COMMAND_DOORS } from './doors/all-doors.js';
import { sseDoor } from './doors/server-sent-events.js';
import { webSocketDoor } from './doors/web-socket.js';
import { reopened, type StreamDoor, subscribed } from './doors/door.js';
import { anAlert, aService, idsOf } from './events.js';
import { TestApp } from './harness.js';

describe('an event with target_subscribers', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  const of = (service: string) => ({ services: [service], data_types: ['ALERTS'] });

  it.each<[string, StreamDoor]>([...COMMAND_DOORS, sseDoor].map((door) => [door.name, door]))(
    'reaches the subscriptions of those services, and no others, over %s',
    async (_name, door) => {
      const service = aService();
      const pager = await subscribed(door, app, { ...of(service), subscriber_service: 'pager' });
      const screen = await subscribed(door, app, { ...of(service), subscriber_service: 'screen' });
      const anonymous = await subscribed(door, app, of(service));
      const routing = (...target_subscribers: string[]) => ({ routing: { target_subscribers } });
      const forPager = anAlert(service, routing('pager'));
      const forBoth = anAlert(service, routing('screen', 'pager'));
      const forAll = anAlert(service);
      await app.publish(forPager, forBoth);
      await app.publish(forAll);
      expect(idsOf(await pager.record.events(3))).toEqual(idsOf([forPager, forBoth, forAll]));
      expect(idsOf(await screen.record.events(2))).toEqual(idsOf([forBoth, forAll]));
      expect(idsOf(await anonymous.record.events(1))).toEqual(idsOf([forAll]));
      for (const one of [pager, screen, anonymous]) await one.close();
    },
  );

  it.each(COMMAND_DOORS.map((door) => [door.name, door] as const))(
    'is part of the history of those services, and of no others, over %s and REST',
    async (_name, door) => {
      const service = aService();
      const forPager = anAlert(service, { routing: { target_subscribers: ['pager'] } });
      const forAll = anAlert(service);
      await app.publish(forPager, forAll);
      const stream = await door.connect(app);
      const seenBy = async (subscriber?: string): Promise<string[]> => {
        const who: Record<string, string> = subscriber === undefined ? {} : { subscriber_service: subscriber };
        const asked = { patterns: ['monitoring/alerts/critical'], filter: `service == "${service}"`, ...who };
        stream.send('history', { id: 'h', ...asked });
        const { events } = await stream.record.next('history');
        const query = new URLSearchParams({ services: service, data_types: 'ALERTS', ...who });
        const { body } = await app.get(`/api/v1/monitoring/events?${query.toString()}`);
        expect(body.events).toEqual(events);
        return idsOf(events as { event_id: string }[]);
      };
      expect(await seenBy('pager')).toEqual(idsOf([forPager, forAll]));
      expect(await seenBy('screen')).toEqual(idsOf([forAll]));
      expect(await seenBy()).toEqual(idsOf([forAll]));
      await stream.close();
    },
  );

  it('waits for a durable subscription of the service, which is that of its name unless it says otherwise', async () => {
    const service = aService();
    const durable = { ...of(service), name: `durable-${service}`, delivery_guarantee: 'at_least_once' as const };
    await (await subscribed(webSocketDoor, app, durable)).close();
    const mine = anAlert(service, { routing: { target_subscribers: [durable.name] } });
    const others = anAlert(service, { routing: { target_subscribers: ['pager'] } });
    const last = anAlert(service);
    await app.publish(others, mine, last);
    const again = await reopened(webSocketDoor, app, durable);
    expect(idsOf(await again.record.events(2))).toEqual(idsOf([mine, last]));
    await again.close();
  });
});
