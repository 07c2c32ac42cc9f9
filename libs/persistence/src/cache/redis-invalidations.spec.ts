import { spawn } from 'node:child_process';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { until } from '@distributary/distribution-core/testing';

/** A process that listens for invalidations, and does nothing else. The tests of the workspace build first. */
const LISTENER = `
  const [module, url] = process.argv.slice(1);
  const { RedisInvalidations } = await import(module);
  new RedisInvalidations({ url, commandTimeoutMs: 50, channel: 'c', processId: 'p' });
`;
const MODULE = pathToFileURL(path.resolve(import.meta.dirname, '../../dist/cache/redis-invalidations.js')).href;

const COMMAND = /\*\d+\r\n(?:\$\d+\r\n[^\r]*\r\n)+/g;
const INFO = 'redis_version:7.0.15\r\nloading:0\r\n';
const SUBSCRIBED = '*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n';

/** Speaks as much of Redis' protocol as a subscriber needs to begin; whether SUBSCRIBE is answered is up to the test. */
class HalfRedis {
  answersSubscribe = true;
  subscribes = 0;
  private readonly sockets = new Set<net.Socket>();
  private readonly server = net.createServer((socket) => {
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      for (const [command] of data.toString().matchAll(COMMAND)) this.answer(socket, command.toLowerCase());
    });
  });

  async open(): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return (this.server.address() as AddressInfo).port;
  }

  cut(): void {
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
  }

  close(): void {
    this.server.close();
    this.cut();
  }

  private answer(socket: net.Socket, command: string): void {
    if (command.includes('\r\ninfo\r\n')) socket.write(`$${INFO.length}\r\n${INFO}\r\n`);
    else if (!command.includes('\r\nsubscribe\r\n')) socket.write('+OK\r\n');
    else {
      this.subscribes++;
      if (this.answersSubscribe) socket.write(SUBSCRIBED);
    }
  }
}

describe('a process that listens for invalidations', () => {
  // The client subscribed again by itself, and its command, of which nobody knew, ended the process when it failed.
  it('outlives a Redis that comes back and goes again before it has answered', async () => {
    const redis = new HalfRedis();
    const url = `redis://127.0.0.1:${await redis.open()}`;
    const listener = spawn(process.execPath, ['--input-type=module', '-e', LISTENER, MODULE, url], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    try {
      await until('it to have subscribed', () => redis.subscribes === 1, 20_000);
      redis.answersSubscribe = false;
      for (const times of [2, 3, 4]) {
        redis.cut();
        await until('it to come back', () => redis.subscribes >= times || listener.exitCode !== null, 20_000);
        expect(listener.exitCode).toBeNull();
      }
    } finally {
      listener.kill('SIGKILL');
      redis.close();
    }
  }, 60_000);
});
