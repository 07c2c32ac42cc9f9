import fs from 'node:fs';
import path from 'node:path';
import { freePort } from './free-port.js';
import { treeOf } from './process-tree.js';
import { newFolder, ServerProcess } from './server-process.js';

/** Says what it has kept, starts a child that outlives it, and has a metric. */
const SCRIPT = `
  import { spawn } from 'node:child_process';
  import fs from 'node:fs';
  import http from 'node:http';
  fs.appendFileSync('starts', 'x');
  spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'ignore', detached: true }).unref();
  http.createServer((request, response) => {
    response.end(request.url.startsWith('/metrics?names=') ? '# HELP\\na_total{x="1"} 2\\na_total{x="2"} 3\\na_total_other 9\\n' : 'ok');
  }).listen(process.argv[2], '127.0.0.1');
`;

async function startServer(
  script = SCRIPT,
  readyDeadlineMs = 10_000,
): Promise<{ server: ServerProcess; folder: string }> {
  const folder = newFolder('spec');
  const port = await freePort();
  fs.writeFileSync(path.join(folder, 'server.mjs'), script);
  const server = await ServerProcess.start({
    script: path.join(folder, 'server.mjs'),
    args: [String(port)],
    cpu: undefined,
    port,
    readyPath: '/',
    readyDeadlineMs,
    folder,
  });
  return { server, folder };
}

describe('a server under load', () => {
  it('is killed and started again on the same folder and port, and ends with all that it started', async () => {
    const { server, folder } = await startServer();
    const first = server.pid;
    expect(await server.metric('a_total')).toBe(5);
    expect(await server.metric('b_total')).toBeUndefined();
    await server.kill();
    await server.begin();
    expect(server.pid).not.toBe(first);
    expect(fs.readFileSync(path.join(folder, 'starts'), 'utf8')).toBe('xx');
    expect(server.usage().pids).toHaveLength(3);
    expect(server.memory().residentBytes).toBeGreaterThan(server.memory().anonymousBytes);
    await server.stop();
    expect(treeOf(undefined, folder)).toEqual([]);
    expect(fs.existsSync(folder)).toBe(false);
  });

  it('tells what it printed if it does not start', async () => {
    await expect(startServer('throw new Error("no such luck")')).rejects.toThrow('no such luck');
  });

  it('is not waited for beyond its time if it takes connections and answers nothing', async () => {
    const mute = `
      import net from 'node:net';
      net.createServer(() => {}).listen(process.argv[2], '127.0.0.1');
    `;
    await expect(startServer(mute, 2_000)).rejects.toThrow('is not ready');
  });
});
