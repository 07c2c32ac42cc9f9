import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { until } from '@distributary/distribution-core/testing';
import { idsOf, ServiceProcesses } from '@distributary/distribution-service/testing';
import { type TestDatabaseServer, testDatabaseServers } from '@distributary/persistence/testing';
import { type RunningServer, startPulsar } from '../../../tools/stack/src/index.js';
import { aSymbol, aTrade } from './events.js';
import { SharedReader } from './shared-reader.js';

const PROGRAM = {
  file: path.resolve(import.meta.dirname, '../../market-data/dist/main.js'),
  surroundings: () => ({}),
};
const API = '/api/v1/market-data';
const NAMESPACE = 'shared-processes';

/*
 *   sessions ──▶ process one ──┐                 ┌── Pulsar: who has which event, what is acknowledged
 *                              ├── one namespace ┤
 *   sessions ──▶ process two ──┘   one database  └── PostgreSQL: what the subscription is
 */
/** A new subscription to the trades of these symbols, from the first of them on. */
const tradesOf = (symbols: readonly string[], type: 'shared' | 'key_shared') => ({
  name: randomUUID(),
  type,
  patterns: ['market-data/normalized/equities'],
  keys: symbols.map((symbol) => `${symbol}.#`),
  start: 'earliest' as const,
});

/** The ids of a symbol's events, in order. */
const numbered = (symbol: string, from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `${symbol}:${from + index}`);

describe('a subscription that sessions of two processes share, over Pulsar', () => {
  let pulsar: RunningServer;
  let database: TestDatabaseServer;
  let url: string;
  const services: ServiceProcesses[] = [];
  const start = async () => {
    const service = await ServiceProcesses.start(PROGRAM, {
      PULSAR_URL: pulsar.url,
      PULSAR_NAMESPACE: NAMESPACE,
      DATABASE_URL: url,
      DEMO_TICKS_PER_SECOND: '0',
    });
    services.push(service);
    return service;
  };
  beforeAll(async () => {
    [pulsar, database] = await Promise.all([startPulsar(), testDatabaseServers(undefined)[0].open()]);
    url = await database.create();
    await start();
    await start();
  }, 240_000);
  afterAll(async () => {
    await Promise.all(services.map((service) => service.stop()));
    await database.stop();
    await pulsar.stop();
  }, 60_000);

  const ask = async (method: string, resource: string, body?: unknown) => {
    const response = await fetch(`${services[0].httpUrl}${API}/${resource}`, {
      method,
      ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
  };
  const publish = async (events: readonly object[]) => {
    expect((await ask('POST', 'events', events)).status).toBe(202);
  };
  const rounds = (symbols: readonly string[], from: number, to: number) =>
    Array.from({ length: to - from }, (_, round) =>
      symbols.map((symbol) => aTrade(symbol, { sequence: from + round }, { event_id: `${symbol}:${from + round}` })),
    ).flat();

  const join = (selection: Parameters<typeof SharedReader.join>[1], of: readonly ServiceProcesses[] = services) =>
    Promise.all(of.map((service) => SharedReader.join(service, selection)));

  it('is received in both, each event once', async () => {
    const symbols = [aSymbol(), aSymbol(), aSymbol(), aSymbol()];
    const selection = tradesOf(symbols, 'shared');
    const readers = await join(selection);
    const events = rounds(symbols, 0, 100);
    for (let at = 0; at < events.length; at += 40) await publish(events.slice(at, at + 40));
    const received = () => readers.flatMap(({ ids }) => ids);
    await until('all events', () => received().length >= events.length, 20_000);
    expect(received().sort()).toEqual(idsOf(events).sort());
    for (const { ids } of readers) expect(ids.length).toBeGreaterThan(events.length / 10);
    await Promise.all(readers.map((reader) => reader.close()));
  }, 60_000);

  it('gives what a session had to the other process when that session leaves, and not before', async () => {
    const symbol = aSymbol();
    const [leaving, staying] = await join(tradesOf([symbol], 'shared'));
    for (const reader of [leaving, staying]) reader.hold();
    // Pulsar gives what came together to one process.
    for (const event of rounds([symbol], 0, 20)) await publish([event]);
    await until('all events', () => leaving.ids.length + staying.ids.length >= 20, 20_000);
    staying.acknowledge(staying.ids);
    const held = [...leaving.ids];
    expect(held.length).toBeGreaterThan(0);
    await leaving.close();
    await until('what it had', () => staying.ids.length >= 20, 20_000);
    expect(staying.ids.slice(-held.length).sort()).toEqual(held.sort());
    await staying.close();
  }, 60_000);

  it('sets aside what is refused too often, and sends it again to one session when it is asked to', async () => {
    const symbol = aSymbol();
    const selection = { ...tradesOf([symbol], 'shared'), max_attempts: 2 };
    const readers = await join(selection);
    for (const reader of readers) reader.hold();
    const [event] = rounds([symbol], 0, 1);
    await publish([event]);
    const came = () => readers.reduce((sum, { ids }) => sum + ids.length, 0);
    for (const attempt of [1, 2]) {
      await until(`attempt ${attempt}`, () => came() >= attempt, 20_000);
      readers.find(({ ids }) => ids.length > 0)?.refuse([event.event_id], 1);
    }
    const letters = `dead-letters?subscription_id=${selection.name}`;
    const letterThatIs = (status: string) =>
      until(`the letter to be ${status}`, async () => {
        const [letter] = (await ask('GET', letters)).body.items as { status: string; dead_letter_id: string }[];
        return letter?.status === status ? letter : undefined;
      });
    const letter = await letterThatIs('dead');
    expect(letter).toMatchObject({ event_id: event.event_id, reason: 'nacked', attempts: 2 });
    const replay = { subscription_id: selection.name };
    expect((await ask('POST', 'dead-letters/replay', replay)).status).toBeLessThan(300);
    await until('the letter', () => came() >= 3, 20_000);
    for (const reader of readers) if (reader.ids.length > 0) reader.acknowledge([event.event_id]);
    await letterThatIs('replayed');
    expect(came()).toBe(3);
    await Promise.all(readers.map((reader) => reader.close()));
  }, 60_000);

  it('is paused, moved and deleted in both, and at Pulsar', async () => {
    const symbol = aSymbol();
    const selection = tradesOf([symbol], 'shared');
    const resource = `subscriptions/${selection.name}`;
    const sent = rounds([symbol], 0, 10);
    const readers = await join(selection);
    await publish(sent);
    await until('all events', () => readers.flatMap(({ ids }) => ids).length >= 10, 20_000);
    expect((await ask('POST', `${resource}/seek`, { start: 'earliest' })).body).toMatchObject({
      code: 'subscription.taken',
    });
    expect((await ask('POST', `${resource}/pause`)).status).toBe(200);
    const endOf = async ({ stream }: SharedReader) => (await stream.record.next('error')).code;
    expect(await Promise.all(readers.map(endOf))).toEqual(['subscription.paused', 'subscription.paused']);
    const moved = async () => (await ask('POST', `${resource}/seek`, { start: 'earliest' })).status === 200;
    await until('it to be moved', moved, 20_000);
    expect((await ask('POST', `${resource}/resume`)).status).toBe(200);

    const again = await join({ ...selection, start: 'latest' });
    await until('all events again', () => again.flatMap(({ ids }) => ids).length >= 10, 20_000);
    expect(again.flatMap(({ ids }) => ids).sort()).toEqual(idsOf(sent).sort());
    const topic = `persistent/public/${NAMESPACE}/market-data.normalized.equities`;
    const atPulsar = async () => {
      const listed = await fetch(`${pulsar.url}/admin/v2/${topic}/subscriptions`);
      return ((await listed.json()) as string[]).filter((name) => name.includes(selection.name)).length;
    };
    expect(await atPulsar()).toBe(1);
    expect((await ask('DELETE', resource)).status).toBe(204);
    expect(await atPulsar()).toBe(0);
    expect(await Promise.all(again.map(endOf))).toEqual(['subscription.not_found', 'subscription.not_found']);
    await Promise.all([...readers, ...again].map((reader) => reader.close()));
    expect(await atPulsar()).toBe(0);
  }, 60_000);

  it('of the type key_shared keeps the order of each symbol when a process is killed, and nothing is missing', async () => {
    const symbols = Array.from({ length: 12 }, () => aSymbol());
    const selection = tradesOf(symbols, 'key_shared');
    const [survivor, victim] = await join(selection);
    const symbolsOf = ({ ids }: SharedReader) => new Set(ids.map((id) => id.split(':')[0]));
    await publish(rounds(symbols, 0, 20));
    await until('the first of them', () => survivor.ids.length + victim.ids.length >= 240, 20_000);
    expect([...symbolsOf(victim)].filter((symbol) => symbolsOf(survivor).has(symbol))).toEqual([]);
    for (const reader of [survivor, victim]) expect(symbolsOf(reader).size).toBeGreaterThan(0);

    victim.hold();
    await publish(rounds(symbols, 20, 40));
    await until('what the other is sent', () => victim.ids.length >= 40 * symbolsOf(victim).size, 20_000);
    const killedAtMs = performance.now();
    services[1].signal('SIGKILL');
    await publish(rounds(symbols, 40, 60));
    const wanted = 40 * symbols.length + 20 * symbols.length;
    await until('all of it at the survivor', () => new Set([...survivor.ids, ...victim.ids]).size >= wanted, 20_000);
    const missed = () => [...symbolsOf(victim)].flatMap((symbol) => numbered(symbol, 20, 60));
    await until('what was not acknowledged', () => missed().every((id) => survivor.ids.includes(id)), 10_000);
    expect(performance.now() - killedAtMs).toBeLessThan(15_000);
    for (const symbol of symbols) {
      const firsts = new Set([...victim.ids, ...survivor.ids].filter((id) => id.startsWith(`${symbol}:`)));
      expect([...firsts]).toEqual(numbered(symbol, 0, 60));
      const atSurvivor = survivor.ids.filter((id) => id.startsWith(`${symbol}:`));
      expect(atSurvivor).toEqual(numbered(symbol, symbolsOf(victim).has(symbol) ? 20 : 0, 60));
    }
    await survivor.close();
  }, 120_000);
});
