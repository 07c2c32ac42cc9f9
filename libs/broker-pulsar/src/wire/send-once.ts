import { connectionLost } from '../pulsar.errors.js';
import type { PulsarWeb } from './pulsar-web.js';

/** Sends one message over a socket of its own; resolves when Pulsar has it. */
export async function sendOnce(
  web: PulsarWeb,
  path: string,
  query: Readonly<Record<string, string>>,
  frame: string,
  timeoutMs: number,
): Promise<void> {
  let answered: (answer: string) => void = () => undefined;
  let failed: (error: Error) => void = () => undefined;
  const answer = new Promise<string>((resolve, reject) => {
    answered = resolve;
    failed = reject;
  });
  answer.catch(() => undefined);
  const signal = AbortSignal.timeout(timeoutMs);
  const giveUp = () => failed(new Error('no confirmation in time'));
  signal.addEventListener('abort', giveUp, { once: true });
  const socket = await web.open(path, query, (opening) => {
    opening.once('message', (data) => answered(String(data as Buffer)));
    opening.once('close', () => failed(new Error('the socket was closed')));
  });
  try {
    socket.send(frame);
    const { result, errorMsg } = JSON.parse(await answer) as { result: string; errorMsg?: string };
    if (result !== 'ok') throw new Error(errorMsg ?? result);
  } catch (error) {
    throw connectionLost(`send to ${path}`, error);
  } finally {
    signal.removeEventListener('abort', giveUp);
    socket.terminate();
  }
}
