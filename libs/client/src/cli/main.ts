import pc from 'picocolors';
import { fromEnvironment } from './environment.js';
import { Interruption } from './failure.js';
import { run } from './program.js';

const { env, stdin, stdout, stderr } = process;
const stop = new AbortController();
const outputClosed = new AbortController();

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort(new Interruption(signal)));
// `distributary tail … | head` closes the pipe: no error, and for those who only show something the end.
for (const stream of [stdout, stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    outputClosed.abort();
  });
}

process.exitCode = await run(
  {
    stdin,
    stdout,
    stderr,
    colors: pc.createColors(pc.isColorSupported && stdout.isTTY),
    columns: stdout.isTTY ? stdout.columns : undefined,
    ...fromEnvironment(env),
    stop: stop.signal,
    outputClosed: outputClosed.signal,
  },
  process.argv.slice(2),
);
