import path from 'node:path';
import { argumentsOf } from './arguments.js';
import { keyIn, typedPath } from './key-file.js';
import { ServiceProcess } from './service-process.js';
import { type StartedService, servicesOf } from './services.js';
import { summaryOf } from './summary.js';

/** `npm start`: the services on their embedded parts, with their data and a key in `.data`, and what to try next. */
const options = argumentsOf(process.argv.slice(2));
if ('help' in options) {
  process.stdout.write(`${options.help}\n`);
  process.exit(0);
}
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

const running = new Set<ServiceProcess>();
let isStopping = false;

function stop(): void {
  isStopping = true;
  for (const service of running) service.stop();
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);

/** If one ends, all do. */
function start({ name, program, env }: StartedService): ServiceProcess {
  const service = new ServiceProcess(path.join(root, program), {
    cwd: root,
    env: { LOG_LEVEL: 'warn', ...process.env, AUTH: auth, AUTH_KEY_FILE: keyFile, ...env },
  });
  running.add(service);
  void service.ended.then((exitCode) => {
    running.delete(service);
    if (exitCode !== 0) process.exitCode ??= exitCode;
    if (isStopping) return;
    process.stderr.write(`${name} has ended; its log above says why.\n`);
    stop();
  });
  return service;
}

/** One after the other. False: one of them is not ready, and all stop. */
async function startAll(services: readonly StartedService[]): Promise<boolean> {
  for (const service of services) {
    if (isStopping) return false;
    const readiness = await start(service).untilReady(READY_WITHIN_MS);
    if (readiness === 'ready') continue;
    // Told once already: a second time would make the others exit at once, in the middle of their drain.
    if (readiness === 'ended' || isStopping) return false;
    process.stderr.write(`${service.name} was not ready within 60 s; its log above says why.\n`);
    process.exitCode = 1;
    stop();
    return false;
  }
  return !isStopping;
}

const services = servicesOf(process.env, dataDir, options.env);
if (await startAll(services)) {
  const newKey = knownKey === undefined ? keyIn(keyFile) : undefined;
  const access =
    auth === 'off' ? { keyFile: undefined, newKey: undefined } : { keyFile: typedPath(root, keyFile), newKey };
  const [monitoring, marketData] = services;
  process.stdout.write(summaryOf({ ...monitoring, marketData, ...access }));
}
