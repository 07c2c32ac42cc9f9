import { stackEntries } from './servers.js';

const entries = stackEntries((kind) => `folder/${kind}`);
const servers = entries.flatMap((entry) => entry.servers);

describe('what stack:up knows', () => {
  it('runs each process in a folder of its own', () => {
    const kinds = servers.map(({ kind }) => kind);
    expect(new Set(kinds).size).toBe(kinds.length);
    expect(kinds.filter((kind) => !/^[a-z0-9-]+$/.test(kind))).toEqual([]);
  });

  it('gives each process ports of its own, and a broker room for its listeners', () => {
    const ports = servers.map(({ port }) => port).sort((a, b) => a - b);
    expect(new Set(ports).size).toBe(ports.length);
    const brokers = servers.filter(({ kind }) => kind.startsWith('kafka')).map(({ port }) => port);
    for (const port of brokers) expect(ports).not.toContain(port + 1);
  });

  it('tells the service of all brokers of a cluster', () => {
    const cluster = entries.find(({ name }) => name === 'kafka:3');
    expect(cluster?.variables.KAFKA_BROKERS.split(',')).toHaveLength(3);
  });
});
