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

/*
 *   sessions ──▶ process one ──┐                 ┌── Pulsar: who has which event, what is acknowledged
 *                              ├── one namespace ┤
 *   sessions ──▶ process two ──┘   one database  └── PostgreSQL: what the subscription is
 */
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
      PULSAR_NAMESPACE: 'shared-processes',
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

  const publish = async (events: readonly object[]) => {
    const { status } = await fetch(`${services[0].httpUrl}${API}/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(events),
    });
    expect(status).toBe(202);
  };
  const rounds = (symbols: readonly string[], from: number, to: number) =>
    Array.from({ length: to - from }, (_, round) =>
      symbols.map((symbol) => aTrade(symbol, { sequence: from + round }, { event_id: `${symbol}:${from + round}` })),
    ).flat();

  const join = (selection: Parameters<typeof SharedReader.join>[1], of: readonly ServiceProcesses[] = services) =>
    Promise.all(of.map((service) => SharedReader.join(service, selection)));

  it('is received in both, each event once', async () => {
    const symbols = [aSymbol(), aSymbol(), aSymbol(), aSymbol()];
    const selection = {
      name: randomUUID(),
      type: 'shared',
      patterns: ['market-data/normalized/equities'],
      keys: symbols.map((symbol) => `${symbol}.#`),
      start: 'earliest',
    } as const;
    const readers = await join(selection);
    const events = rounds(symbols, 0, 100);
    for (let at = 0; at < events.length; at += 40) await publish(events.slice(at, at + 40));
    const received = () => readers.flatMap(({ ids }) => ids);
    await until('all events', () => received().length >= events.length, 20_000);
    expect(received().sort()).toEqual(idsOf(events).sort());
    for (const { ids } of readers) expect(ids.length).toBeGreaterThan(events.length / 10);
    await Promise.all(readers.map((reader) => reader.close()));
  }, 60_000);

  it('of the type key_shared keeps the order of each symbol when a process is killed, and nothing is missing', async () => {
    const symbols = Array.from({ length: 12 }, () => aSymbol());
    const selection = {
      name: randomUUID(),
      type: 'key_shared',
      patterns: ['market-data/normalized/equities'],
      keys: symbols.map((symbol) => `${symbol}.#`),
      start: 'earliest',
    } as const;
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
    services.splice(1);
    await start();
  }, 120_000);
});
