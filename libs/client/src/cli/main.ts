import pc from 'picocolors';
import { run } from './program.js';

const { env, stdin, stdout, stderr } = process;
const stop = new AbortController();

process.once('SIGINT', () => stop.abort());
process.once('SIGTERM', () => stop.abort());
// `distributary tail … | head` closes the pipe: that is the end, not an error.
for (const stream of [stdout, stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    stop.abort();
  });
}

process.exitCode = await run(
  {
    stdin,
    stdout,
    stderr,
    colors: pc.createColors(pc.isColorSupported && stdout.isTTY),
    columns: stdout.isTTY ? stdout.columns : undefined,
    defaultUrl: env.DISTRIBUTARY_URL,
    defaultApi: env.DISTRIBUTARY_API ?? 'monitoring',
    token: env.DISTRIBUTARY_TOKEN === '' ? undefined : env.DISTRIBUTARY_TOKEN,
    stop: stop.signal,
  },
  process.argv.slice(2),
);
