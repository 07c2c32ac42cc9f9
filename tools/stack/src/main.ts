import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { STACK_FOLDER } from './places.js';
import { forgetRunning, readRunning, startMarkOf, writeRunning } from './running-file.js';
import { type StackEntry, stackEntries } from './servers.js';
import { type StackServer, startServer } from './stack-server.js';

/** `npm run stack:up redis`, `stack:status`, `stack:down`: real servers for a machine without containers. */
const folderOf = (kind: string) => path.join(STACK_FOLDER, 'running', kind);
const fileOf = (kind: string) => path.join(folderOf(kind), 'running.json');
const ENTRIES: ReadonlyMap<string, StackEntry> = new Map(stackEntries(folderOf).map((one) => [one.name, one]));
const STOPPED_WITHIN_MS = 5_000;

async function up(server: StackServer): Promise<string> {
  const folder = folderOf(server.kind);
  mkdirSync(folder, { recursive: true });
  const known = readRunning(fileOf(server.kind));
  if (known !== undefined) return `runs already: ${known.url} (process ${known.pid})`;
  if (await server.isHealthy(server.port).catch(() => false)) {
    throw new Error(`port ${server.port} is served by a process that stack:up did not start`);
  }
  const running = await startServer(server, { folder, port: server.port }, { isDetached: true });
  writeRunning(fileOf(server.kind), running);
  return `is up: ${running.url} (process ${running.pid})`;
}

async function down(server: StackServer): Promise<string> {
  const known = readRunning(fileOf(server.kind));
  forgetRunning(fileOf(server.kind));
  if (known === undefined) return 'does not run';
  const isThere = () => startMarkOf(known.pid) === known.startMark;
  process.kill(known.pid, 'SIGTERM');
  const endMs = performance.now() + STOPPED_WITHIN_MS;
  while (isThere() && performance.now() < endMs) {
    await new Promise((resolve) => {
      setTimeout(resolve, 25);
    });
  }
  if (isThere()) process.kill(known.pid, 'SIGKILL');
  return `was stopped (process ${known.pid})`;
}

function status(server: StackServer): Promise<string> {
  const known = readRunning(fileOf(server.kind));
  return Promise.resolve(known === undefined ? 'does not run' : `runs: ${known.url} (process ${known.pid})`);
}

const ACTS: Readonly<Record<string, (server: StackServer) => Promise<string>>> = { up, down, status };

/** Those of one entry at once: brokers of a cluster wait for each other. */
async function actOn(act: string, { servers, variables }: StackEntry): Promise<void> {
  const outcomes = await Promise.allSettled(servers.map((server) => ACTS[act](server)));
  outcomes.forEach((outcome, index) => {
    const { kind } = servers[index];
    if (outcome.status === 'fulfilled') return process.stdout.write(`${kind} ${outcome.value}\n`);
    process.stderr.write(`${kind}: ${(outcome.reason as Error).message}\n`);
    process.exitCode = 1;
  });
  const isUp = act === 'up' && outcomes.every(({ status }) => status === 'fulfilled');
  if (!isUp) return;
  for (const [name, value] of Object.entries(variables)) process.stdout.write(`export ${name}=${value}\n`);
}

const [act = '', ...names] = process.argv.slice(2);
const USAGE = `usage: stack up <name…> | stack down [name…] | stack status\nnames: ${[...ENTRIES.keys()].join(', ')}\n`;
if (process.argv.includes('--help')) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const unknown = names.find((name) => !ENTRIES.has(name));
const problem = !Object.hasOwn(ACTS, act)
  ? `what to do? (given: ${act})`
  : unknown !== undefined
    ? `no server ${unknown}`
    : act === 'up' && names.length === 0
      ? 'which servers?'
      : undefined;
if (problem !== undefined) {
  process.stderr.write(`${problem}\n${USAGE}`);
  process.exit(2);
}
for (const [name, entry] of ENTRIES) {
  if (names.length === 0 || names.includes(name)) await actOn(act, entry);
}
