import { spawn } from 'node:child_process';
import path from 'node:path';
import { summaryOf } from './summary.js';
import { untilReady } from './until-ready.js';

/** `npm start`: the monitoring service on its embedded parts, with its data in `.data`, and what to try next. */
const root = path.resolve(import.meta.dirname, '../../..');
const host = process.env.HOST ?? '127.0.0.1';
const port = process.env.PORT ?? '7101';
const grpcPort = process.env.GRPC_PORT ?? '7201';

const service = spawn(process.execPath, ['--enable-source-maps', path.join(root, 'apps/monitoring/dist/main.js')], {
  cwd: root,
  stdio: 'inherit',
  env: { LOG_LEVEL: 'warn', DATA_DIR: path.join(root, '.data'), ...process.env },
});

// Ctrl-C reaches the service as well: it drains and exits, and so does this.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (signal === 'SIGTERM') service.kill('SIGTERM');
  });
}
service.on('exit', (code, signal) => {
  process.exit(code ?? (signal === null ? 1 : 128));
});

if (await untilReady(`http://${host}:${port}/health/ready`, 60_000, () => service.exitCode !== null)) {
  process.stdout.write(summaryOf({ host, port, grpcPort }));
} else {
  process.stderr.write('The service was not ready within 60 s; its log above says why.\n');
  service.kill('SIGTERM');
  process.exitCode = 1;
}
