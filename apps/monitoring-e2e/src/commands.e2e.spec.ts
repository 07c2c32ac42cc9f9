import { once } from 'node:events';
import { COMMAND_DOORS } from './doors/all-doors.js';
import { subscribed } from './doors/door.js';
import { connectWebSocket, webSocketDoor, type WebSocketStream } from './doors/web-socket.js';
import { alerts, alertsOf, anAlert, aService, idsOf } from './events.js';
import { TestApp } from './harness.js';

describe('a connection', () => {
  let app: TestApp;
  let silent: WebSocketStream;
  beforeAll(async () => {
    app = await TestApp.start();
    silent = await connectWebSocket(app);
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  describe.each(COMMAND_DOORS)('over $name', (door) => {
    it('is welcomed with its limits', async () => {
      const stream = await door.connect(app);
      expect(await stream.record.next('welcome')).toMatchObject({
        session: expect.stringMatching(/./),
        limits: {
          max_subscriptions: 100,
          max_frame_bytes: expect.any(Number),
          max_unconfirmed_bytes: 262_144,
          heartbeat_ms: 20_000,
        },
      });
      await stream.close();
    });

    it('answers a ping with the same payload and its time', async () => {
      const stream = await door.connect(app);
      const payload = { n: 1, text: 'ü', list: [null, true] };
      stream.send('ping', payload);
      const pong = await stream.record.next('pong');
      expect(pong.echo).toEqual(payload);
      expect(Date.parse(pong.server_time)).not.toBeNaN();
      await stream.close();
    });

    it('that is known may say hello again, which changes nothing', async () => {
      const service = aService();
      const stream = await door.connect(app);
      stream.send('subscribe', { id: 's', ...alertsOf(service) });
      await stream.record.next('subscribed');
      stream.send('hello', { client: 'a test/1.0' });
      stream.send('ping', 1);
      await stream.record.next('pong');
      const sent = anAlert(service);
      await app.publish(sent);
      expect(idsOf(await stream.record.events(1))).toEqual([sent.event_id]);
      expect(stream.record.of('welcome')).toHaveLength(1);
      expect(stream.record.of('error')).toEqual([]);
      await stream.close();
    });

    it('gets no more events than it gave credit for', async () => {
      const service = aService();
      const witness = await subscribed(webSocketDoor, app, { ...alertsOf(service), slow_policy: 'block' });
      const stream = await door.connect(app);
      stream.send('subscribe', { id: 's', ...alertsOf(service), credit: 3 });
      await stream.record.next('subscribed');
      const sent = alerts(service, 10);
      await app.publish(...sent);
      await witness.record.events(10);
      expect(idsOf(await stream.record.events(3))).toEqual(idsOf(sent.slice(0, 3)));
      stream.send('credit', { id: 's', events: 4 });
      await stream.record.events(7);
      stream.send('ping', 1);
      await stream.record.next('pong');
      expect(idsOf(stream.record.received())).toEqual(idsOf(sent.slice(0, 7)));
      stream.send('credit', { id: 's', events: 100 });
      expect(idsOf(await stream.record.events(10))).toEqual(idsOf(sent));
      await Promise.all([witness.close(), stream.close()]);
    });

    it('carries several subscriptions, and ends one without the other', async () => {
      const [one, other] = [aService(), aService()];
      const stream = await door.connect(app);
      stream.send('subscribe', { id: 'one', ...alertsOf(one) });
      stream.send('subscribe', { id: 'both', services: [one, other], data_types: ['ALERTS'] });
      const feeds = [(await stream.record.next('subscribed')).feed, (await stream.record.next('subscribed')).feed];
      const sent = [anAlert(one), anAlert(other)];
      await app.publish(...sent);
      await stream.record.events(3);
      const seenBy = (feed: number) =>
        stream.record
          .of('data')
          .filter((data) => data.feed === feed)
          .flatMap((data) => idsOf(data.events as { event_id: string }[]));
      expect(seenBy(feeds[0])).toEqual(idsOf(sent.slice(0, 1)));
      expect(seenBy(feeds[1]).sort()).toEqual(idsOf(sent).sort());

      stream.send('unsubscribe', { id: 'one' });
      expect(await stream.record.next('unsubscribed')).toEqual({ id: 'one' });
      await app.publish(anAlert(one));
      await stream.record.events(4);
      expect(seenBy(feeds[0])).toHaveLength(1);
      expect(seenBy(feeds[1])).toHaveLength(3);
      await stream.close();
    });

    it('is told which subscription an error is about', async () => {
      const stream = await door.connect(app);
      stream.send('subscribe', { id: 's', services: [aService()] });
      await stream.record.next('subscribed');
      stream.send('subscribe', { id: 's', services: [aService()] });
      expect(await stream.record.next('error')).toMatchObject({ id: 's', code: 'subscription.exists' });
      stream.send('unsubscribe', { id: 'nobody' });
      expect(await stream.record.next('error')).toMatchObject({ id: 'nobody', code: 'subscription.not_found' });
      stream.send('credit', { id: 's', events: 0 });
      expect(await stream.record.next('error')).toMatchObject({ id: 's', code: 'request.invalid' });
      stream.send('ack', { id: 's', generation: 1, cursor: stream.record.cursor('s') });
      expect(await stream.record.next('error')).toMatchObject({ id: 's', code: 'request.invalid' });
      // Nobody keeps a position for it, so there is nothing to give back.
      stream.send('nack', { id: 's', generation: 1, event_ids: ['x'] });
      expect(await stream.record.next('error')).toMatchObject({ id: 's', code: 'request.invalid' });
      await stream.close();
    });

    it('has room for 100 subscriptions', async () => {
      const stream = await door.connect(app);
      for (let index = 0; index <= 100; index++) stream.send('subscribe', { id: `s${index}`, services: ['nobody'] });
      const error = await stream.record.next('error');
      expect(error).toMatchObject({ id: 's100', code: 'quota.exceeded' });
      expect(stream.record.of('subscribed')).toHaveLength(100);
      stream.send('unsubscribe', { id: 's7' });
      stream.send('subscribe', { id: 's100', services: ['nobody'] });
      await stream.record.next('unsubscribed');
      stream.send('ping', 1);
      await stream.record.next('pong');
      expect(stream.record.of('subscribed')).toHaveLength(101);
      await stream.close();
    });

    it('reads the history page by page', async () => {
      const service = aService();
      const sent = alerts(service, 25);
      await app.publish(...sent);
      const stream = await door.connect(app);
      const request = {
        id: 'h',
        patterns: ['monitoring/alerts/critical'],
        filter: `service == "${service}"`,
        limit: 10,
      };
      const pages: string[][] = [];
      let cursor: string | undefined;
      for (let hasMore = true; hasMore;) {
        stream.send('history', { ...request, ...(cursor === undefined ? {} : { cursor }) });
        const page = await stream.record.next('history');
        expect(page.id).toBe('h');
        pages.push(idsOf(page.events as { event_id: string }[]));
        ({ cursor, has_more: hasMore } = page);
      }
      expect(pages.flat()).toEqual(idsOf(sent));
      expect(pages.every((page) => page.length <= 10)).toBe(true);

      stream.send('history', { ...request, patterns: ['monitoring/nowhere'] });
      expect(await stream.record.next('error')).toMatchObject({ id: 'h', code: 'topic.not_found' });
      await stream.close();
    });
  });

  it('over WebSocket speaks the subprotocol that was asked for', async () => {
    const stream = await connectWebSocket(app);
    expect(stream.socket.protocol).toBe('distributary.v1.json');
    await stream.close();
  });

  it('over WebSocket ignores messages of types and fields that it does not know', async () => {
    const stream = await connectWebSocket(app);
    stream.socket.send(JSON.stringify({ type: 'dance', payload: {} }));
    stream.socket.send(JSON.stringify({ type: 'ping', payload: 1, colour: 'blue' }));
    expect(await stream.record.next('pong')).toMatchObject({ echo: 1 });
    expect(stream.record.of('error')).toEqual([]);
    await stream.close();
  });

  it.each([
    ['no JSON', '{"type":'],
    ['no message', '[]'],
    ['a message without a type', '{"payload":{}}'],
  ])('over WebSocket closes with 4400 after %s', async (_what, frame) => {
    const stream = await connectWebSocket(app);
    stream.socket.send(frame);
    expect(await stream.record.ended()).toMatchObject({ code: 4400 });
    const rule = 'must be the JSON text of an object with a type';
    expect(stream.record.of('error')).toMatchObject([{ code: 'request.invalid', errors: [{ path: '', rule }] }]);
  });

  it('over WebSocket closes after a frame above its limit', async () => {
    const stream = await connectWebSocket(app);
    stream.socket.on('error', () => undefined);
    stream.socket.send(JSON.stringify({ type: 'ping', payload: 'x'.repeat(1024 * 1024) }));
    expect(await stream.record.ended()).toMatchObject({ code: 4413 });
  });

  it('over WebSocket answers the pings of the transport', async () => {
    const stream = await connectWebSocket(app);
    stream.socket.ping('hello');
    const [payload] = (await once(stream.socket, 'pong')) as [Buffer];
    expect(payload.toString()).toBe('hello');
    await stream.close();
  });

  it('over WebSocket that says nothing is closed with 4408 after five seconds', async () => {
    expect(await silent.record.ended()).toMatchObject({ code: 4408 });
  });
});
