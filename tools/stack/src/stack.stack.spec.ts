import net from 'node:net';
import { startMarkOf } from './running-file.js';
import { startAlertmanager, startRedis } from './index.js';

async function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

describe('the real servers', () => {
  it('start on a free port of this machine, and are gone when they are stopped', async () => {
    const redis = await startRedis();
    expect(await isTaken(redis.port)).toBe(true);
    await redis.stop();
    expect(await isTaken(redis.port)).toBe(false);
    expect(startMarkOf(redis.pid)).toBeUndefined();
  }, 120_000);

  it('come back on the port on which clients know them', async () => {
    const first = await startRedis();
    await first.stop('SIGKILL');
    const second = await startRedis(first.port);
    expect(second.url).toBe(first.url);
    await second.stop();
  }, 120_000);

  it('have an Alertmanager among them, with the configuration that is given', async () => {
    const alertmanager = await startAlertmanager('route:\n  receiver: here\nreceivers:\n  - name: here\n');
    const status = (await (await fetch(`${alertmanager.url}/api/v2/status`)).json()) as {
      config: { original: string };
    };
    expect(status.config.original).toContain('name: here');
    await alertmanager.stop();
  }, 120_000);

  it('say that they do not serve when their configuration is wrong, and leave nothing running', async () => {
    await expect(startAlertmanager('route: nonsense\n')).rejects.toThrow('alertmanager does not serve');
  }, 120_000);
});
