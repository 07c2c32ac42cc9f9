import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { until } from '@distributary/distribution-core/testing';
import {
  type CommandStream,
  idsOf,
  openSharedStores,
  reopened,
  type Selection,
  ServiceProcesses,
  type SharedStores,
  type TestedService,
  webSocketDoor,
} from '@distributary/distribution-service/testing';
import { aSymbol, trades } from './events.js';
import { TestApp } from './harness.js';

const PROGRAM = path.resolve(import.meta.dirname, '../../market-data/dist/main.js');
const TERM_MS = '1500';

/*
 *   api, gateway, worker: this process ──┐
 *                                        ├── one log, one database
 *   api, gateway: a process of its own ──┘
 */
describe('two processes of one market data service', () => {
  let stores: SharedStores;
  let here: TestApp;
  let processes: ServiceProcesses;
  let there: TestedService;
  beforeAll(async () => {
    stores = await openSharedStores();
    const env = { ...stores.env, OWNERSHIP_TERM_MS: TERM_MS };
    here = await TestApp.start(env);
    const program = { file: PROGRAM, surroundings: TestApp.surroundings };
    processes = await ServiceProcesses.start(program, { ...env, ROLES: 'api,gateway' });
    there = await processes.reached(here.prefix);
  }, 180_000);
  afterAll(async () => {
    await processes.stop();
    await here.stop();
    await stores.close();
  }, 60_000);

  const acknowledge = async (owner: CommandStream) => {
    const [{ generation }] = owner.record.of('subscribed');
    owner.send('ack', { id: 's', generation: generation as number, cursor: owner.record.cursor('s') });
    owner.send('ping', 1);
    await owner.record.next('pong');
  };

  it('let a client go on at the other one with its cursor: nothing is missing, and nothing comes twice', async () => {
    const symbol = aSymbol();
    const sent = trades(symbol, 120);
    const received: string[] = [];
    let cursor: string | undefined;
    for (let hop = 0; hop < 4; hop++) {
      const [one, other] = hop % 2 === 0 ? [here, there] : [there, here];
      const start: Selection = cursor === undefined ? {} : { start: { cursor } };
      const stream = await webSocketDoor.open(one, { symbols: [symbol], ...start });
      const { recovered } = await stream.record.next('subscribed');
      expect(recovered).toBe(cursor === undefined ? 'none' : 'full');
      const events = sent.slice(hop * 30, hop * 30 + 30);
      await other.publish(...events.slice(0, 10));
      await one.publish(...events.slice(10, 20));
      await stream.record.events(10);
      cursor = stream.record.cursor('s');
      received.push(...idsOf(stream.record.received()));
      await stream.close();
      // While it is connected to neither.
      await other.publish(...events.slice(20));
    }
    const last = await webSocketDoor.open(there, { symbols: [symbol], start: { cursor: cursor as string } });
    received.push(...idsOf(await last.record.events(sent.length - received.length)));
    expect(received).toEqual(idsOf(sent));
    await last.close();
  }, 60_000);

  it('take an event once, whichever of them is given it', async () => {
    const symbol = aSymbol();
    const events = trades(symbol, 3);
    const stream = await webSocketDoor.open(there, { symbols: [symbol] });
    await stream.record.next('subscribed');
    await here.publish(...events);
    await there.publish(...events);
    const [end] = trades(symbol, 1, 3);
    await there.publish(end);
    expect(idsOf(await stream.record.events(4))).toEqual(idsOf([...events, end]));
    await stream.close();
  });

  it('give an exclusive subscription to one session of either, and it goes on at the other where it was', async () => {
    const symbol = aSymbol();
    const sent = trades(symbol, 6);
    const subscription: Selection = { name: randomUUID(), type: 'exclusive', symbols: [symbol], start: 'earliest' };
    const first = await reopened(webSocketDoor, here, subscription);
    const refused = await webSocketDoor.open(there, subscription);
    expect(await refused.record.next('error')).toMatchObject({ code: 'subscription.taken', retryable: true });
    await refused.close();
    await there.publish(...sent.slice(0, 2));
    await first.record.events(2);
    await acknowledge(first);
    await here.publish(...sent.slice(2, 4));
    await first.record.events(4);
    await first.close();
    const second = await reopened(webSocketDoor, there, subscription);
    expect(idsOf(await second.record.events(2))).toEqual(idsOf(sent.slice(2, 4)));
    const [[before], [after]] = [first.record.of('subscribed'), second.record.of('subscribed')];
    expect(after.generation).toBeGreaterThan(before.generation as number);
    await acknowledge(second);
    await second.close();
    await here.publish(...sent.slice(4));
    const third = await reopened(webSocketDoor, here, subscription);
    expect(idsOf(await third.record.events(2))).toEqual(idsOf(sent.slice(4)));
    await third.close();
  }, 60_000);

  it('hand a failover subscription over when its session goes, and when its process dies', async () => {
    const symbol = aSymbol();
    const sent = trades(symbol, 6);
    const subscription: Selection = { name: randomUUID(), type: 'failover', symbols: [symbol], start: 'earliest' };
    const first = await reopened(webSocketDoor, here, subscription);
    const second = await webSocketDoor.open(there, subscription);
    expect(await second.record.next('status')).toMatchObject({ state: 'recovering' });
    await here.publish(...sent.slice(0, 2));
    await first.record.events(2);
    await acknowledge(first);
    await first.close();
    await second.record.next('subscribed', 30_000);
    await there.publish(...sent.slice(2, 4));
    expect(idsOf(await second.record.events(2))).toEqual(idsOf(sent.slice(2, 4)));
    const third = await webSocketDoor.open(here, subscription);
    expect(await third.record.next('status')).toMatchObject({ state: 'recovering' });
    processes.signal('SIGKILL');
    await until('its end', () => processes.hasEnded);
    await third.record.next('subscribed', 30_000);
    await here.publish(...sent.slice(4));
    expect(idsOf(await third.record.events(4))).toEqual(idsOf(sent.slice(2)));
    await third.close();
  }, 90_000);
});
