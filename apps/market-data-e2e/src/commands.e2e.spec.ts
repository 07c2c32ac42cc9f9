import { randomUUID } from 'node:crypto';
import { aJwt, idsOf } from '@distributary/distribution-service/testing';
import { COMMAND_DOORS } from './doors/all-doors.js';
import { aSymbol, aTrade, trades } from './events.js';
import type { TestApp } from './harness.js';
import { startSecured } from './secured.js';

describe.each(COMMAND_DOORS)('a connection to market data over $name', (door) => {
  let app: TestApp;
  beforeAll(async () => (app = await startSecured()), 60_000);
  afterAll(() => app.stop(), 60_000);

  it('says who it is, answers a ping, takes a new token, publishes and reads what was', async () => {
    const stream = await door.connect(app);
    stream.send('hello', { client: 'a test/1.0' });
    stream.send('ping', { n: 1 });
    expect((await stream.record.next('pong')).echo).toEqual({ n: 1 });
    stream.send('refresh', { token: await aJwt({}, 3_600) });
    await stream.record.next('refreshed');
    const trade = aTrade(aSymbol());
    stream.send('publish', { id: 'p', events: [trade] } as never);
    expect(await stream.record.next('published')).toMatchObject({ results: [{ event_id: trade.event_id }] });
    stream.send('history', {
      id: 'h',
      patterns: ['market-data/normalized/#'],
      symbols: [trade.data.symbol],
      limit: 10,
    } as never);
    await stream.record.next('history');
    await stream.close();
  });

  it('gets no more trades than it gave credit for, and none after it has unsubscribed', async () => {
    const symbol = aSymbol();
    const stream = await door.connect(app);
    stream.send('subscribe', { id: 's', symbols: [symbol], credit: 2 });
    await stream.record.next('subscribed');
    const sent = trades(symbol, 4);
    await app.publish(...sent);
    expect(idsOf(await stream.record.events(2))).toEqual(idsOf(sent.slice(0, 2)));
    stream.send('credit', { id: 's', events: 2 });
    expect(idsOf(await stream.record.events(4))).toEqual(idsOf(sent));
    stream.send('unsubscribe', { id: 's' });
    expect(await stream.record.next('unsubscribed')).toEqual({ id: 's' });
    await stream.close();
  });

  it('acknowledges what it received of a durable subscription, or gives it back', async () => {
    const symbol = aSymbol();
    const stream = await door.connect(app);
    stream.send('subscribe', { id: 's', name: randomUUID(), symbols: [symbol] });
    const { generation } = await stream.record.next('subscribed');
    const sent = trades(symbol, 2);
    await app.publish(sent[0]);
    await stream.record.events(1);
    const cursor = stream.record.cursor('s');
    stream.send('ack', { id: 's', generation: generation as number, cursor });
    await app.publish(sent[1]);
    await stream.record.events(2);
    stream.send('nack', { id: 's', generation: generation as number, cursor });
    expect(idsOf(await stream.record.events(3))).toEqual(idsOf([...sent, sent[1]]));
    await stream.close();
  });
});
