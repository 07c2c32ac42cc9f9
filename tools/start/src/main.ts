import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { argumentsOf } from './arguments.js';
import { keyIn, typedPath } from './key-file.js';
import { type StartedService, servicesOf } from './services.js';
import { summaryOf } from './summary.js';
import { untilReady } from './until-ready.js';

/** `npm start`: the services on their embedded parts, with their data and a key in `.data`, and what to try next. */
const options = argumentsOf(process.argv.slice(2));
if ('problem' in options) {
  process.stderr.write(`${options.problem}\n`);
  process.exit(2);
}
const READY_WITHIN_MS = 60_000;
const root = path.resolve(import.meta.dirname, '../../..');
const dataDir = process.env.DATA_DIR ?? path.join(root, '.data');
// Asked for a key from the first day on: what is tried here is what will run elsewhere.
const auth = process.env.AUTH ?? 'required';
const keyFile = process.env.AUTH_KEY_FILE ?? path.join(dataDir, 'development.key');
const knownKey = keyIn(keyFile);

const running: ChildProcess[] = [];
let isStopping = false;

function stop(): void {
  isStopping = true;
  for (const child of running) child.kill('SIGTERM');
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);

/**
 * In a process group of its own: whoever is told to stop, by Ctrl-C in a terminal or by a signal to this process alone, the
 * service hears of it exactly once. A second time makes it exit at once. If one ends, all do.
 */
function start({ program, env }: StartedService): ChildProcess {
  const child = spawn(process.execPath, ['--enable-source-maps', path.join(root, program)], {
    cwd: root,
    stdio: 'inherit',
    detached: true,
    env: { LOG_LEVEL: 'warn', ...process.env, AUTH: auth, AUTH_KEY_FILE: keyFile, ...env },
  });
  running.push(child);
  child.on('exit', (code, signal) => {
    running.splice(running.indexOf(child), 1);
    const exitCode = code ?? (signal === null ? 1 : 128);
    if (exitCode !== 0) process.exitCode ??= exitCode;
    if (!isStopping) stop();
  });
  return child;
}

const services = servicesOf(process.env, dataDir, options.env);
let areReady = true;
for (const service of services) {
  if (isStopping) break;
  const child = start(service);
  const { host, port } = service;
  const isGone = () => child.exitCode !== null || child.signalCode !== null;
  areReady = await untilReady(`http://${host}:${port}/health/ready`, READY_WITHIN_MS, isGone);
  // Told once already: a second time would make the others exit at once, in the middle of their drain.
  if (areReady || isStopping) continue;
  process.stderr.write(`${service.name} was not ready within 60 s; its log above says why.\n`);
  process.exitCode = 1;
  stop();
}
if (areReady && !isStopping) {
  const newKey = knownKey === undefined ? keyIn(keyFile) : undefined;
  const access =
    auth === 'off' ? { keyFile: undefined, newKey: undefined } : { keyFile: typedPath(root, keyFile), newKey };
  const [monitoring, marketData] = services;
  process.stdout.write(summaryOf({ ...monitoring, marketData, ...access }));
}
