import { spawn } from 'node:child_process';
import path from 'node:path';
import { argumentsOf } from './arguments.js';
import { keyIn, typedPath } from './key-file.js';
import { summaryOf } from './summary.js';
import { untilReady } from './until-ready.js';

/** `npm start`: the monitoring service on its embedded parts, with its data and a key in `.data`, and what to try next. */
const options = argumentsOf(process.argv.slice(2));
if ('problem' in options) {
  process.stderr.write(`${options.problem}\n`);
  process.exit(2);
}
const root = path.resolve(import.meta.dirname, '../../..');
const host = process.env.HOST ?? '127.0.0.1';
const port = process.env.PORT ?? '7101';
const grpcPort = process.env.GRPC_PORT ?? '7201';
const dataDir = process.env.DATA_DIR ?? path.join(root, '.data');
// Asked for a key from the first day on: what is tried here is what will run elsewhere.
const auth = process.env.AUTH ?? 'required';
const keyFile = process.env.AUTH_KEY_FILE ?? path.join(dataDir, 'development.key');
const knownKey = keyIn(keyFile);

// In a process group of its own: whoever is told to stop, by Ctrl-C in a terminal or by a signal to this process alone,
// the service hears of it exactly once. A second time makes it exit at once.
const service = spawn(process.execPath, ['--enable-source-maps', path.join(root, 'apps/monitoring/dist/main.js')], {
  cwd: root,
  stdio: 'inherit',
  detached: true,
  env: { LOG_LEVEL: 'warn', ...process.env, DATA_DIR: dataDir, AUTH: auth, AUTH_KEY_FILE: keyFile, ...options.env },
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => service.kill('SIGTERM'));
service.on('exit', (code, signal) => {
  process.exit(code ?? (signal === null ? 1 : 128));
});

if (await untilReady(`http://${host}:${port}/health/ready`, 60_000, () => service.exitCode !== null)) {
  const newKey = knownKey === undefined ? keyIn(keyFile) : undefined;
  const access =
    auth === 'off' ? { keyFile: undefined, newKey: undefined } : { keyFile: typedPath(root, keyFile), newKey };
  process.stdout.write(summaryOf({ host, port, grpcPort, ...access }));
} else {
  process.stderr.write('The service was not ready within 60 s; its log above says why.\n');
  service.kill('SIGTERM');
  process.exitCode = 1;
}
