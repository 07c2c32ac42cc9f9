import net from 'node:net';

const TIMEOUT_MS = 1_000;

/** The first bytes that a server on this machine answers; undefined if it closes without. Rejects if nobody is there, or says nothing. */
export function answerTo(port: number, question: Uint8Array | string): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: '127.0.0.1', port, timeout: TIMEOUT_MS });
    socket.once('connect', () => socket.write(question));
    socket.once('data', (answer) => {
      resolve(answer);
      socket.destroy();
    });
    socket.once('timeout', () => socket.destroy(new Error('no answer')));
    socket.once('error', reject);
    socket.once('close', () => resolve(undefined));
  });
}
