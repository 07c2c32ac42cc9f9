import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { type SecurePulsarForTest, startPulsar, startSecurePulsar } from './index.js';

const ask = (url: string, token?: string) =>
  fetch(`${url}/admin/v2/tenants`, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });

/** Of all its listening sockets, as the kernel writes them: in hexadecimal, each 32 bits in the machine's order. */
function addressesOf(pid: number): readonly string[] {
  const links = readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${descriptor}`)];
    } catch {
      // Closed meanwhile.
      return [];
    }
  });
  const own = new Set(links);
  const listening = '0A';
  return ['tcp', 'tcp6'].flatMap((protocol) =>
    readFileSync(`/proc/${pid}/net/${protocol}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === listening && own.has(`socket:[${inode}]`))
      .map(([, address]) => address.split(':')[0]),
  );
}
/** 127.0.0.1, the second time written as an address of IPv6. */
const LOCAL = ['0100007F', '0000000000000000FFFF00000100007F'];

describe('a Pulsar', () => {
  it('listens on this machine alone: its web port, its binary one and its bookie', async () => {
    const pulsar = await startPulsar();
    try {
      const addresses = addressesOf(pulsar.pid);
      expect(addresses.length).toBeGreaterThanOrEqual(3);
      expect(addresses.filter((address) => !LOCAL.includes(address))).toEqual([]);
    } finally {
      await pulsar.stop('SIGKILL');
    }
  }, 240_000);

  it('has its tenant, and what it was told, after it was killed', async () => {
    const pulsar = await startPulsar();
    try {
      expect(await (await ask(pulsar.url)).json()).toContain('public');
      const namespace = `${pulsar.url}/admin/v2/namespaces/public/kept`;
      expect((await fetch(namespace, { method: 'PUT' })).ok).toBe(true);
      await pulsar.kill();
      await expect(ask(pulsar.url)).rejects.toThrow();
      await pulsar.restart();
      expect((await fetch(namespace)).ok).toBe(true);
      // What a Java that is killed has unpacked lies in a folder that ends with the server.
      const libraries = readFileSync(`/proc/${pulsar.pid}/maps`, 'utf8').match(/\S+librocksdbjni\S+/g) ?? [];
      expect([...new Set(libraries)].map((file) => path.dirname(file))).toEqual([
        expect.stringMatching(/distributary-pulsar-\w+\/temporary$/),
      ]);
    } finally {
      await pulsar.stop('SIGKILL');
    }
  }, 240_000);

  it('that is secured lets in whom it knows', async () => {
    const pulsar: SecurePulsarForTest = await startSecurePulsar();
    try {
      expect((await ask(pulsar.url)).status).toBe(401);
      expect((await ask(pulsar.url, pulsar.tokens.admin)).status).toBe(200);
      expect([401, 403]).toContain((await ask(pulsar.url, pulsar.tokens.stranger)).status);
    } finally {
      await pulsar.stop('SIGKILL');
    }
  }, 240_000);
});
