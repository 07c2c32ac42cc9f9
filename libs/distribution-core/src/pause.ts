import type { Clock } from './ports/clock.port.js';

/** Resolves after so long, or when the signal aborts; leaves nothing behind on the signal, however often it is called. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const resume = () => {
      cancel();
      signal.removeEventListener('abort', resume);
      resolve();
    };
    const cancel = clock.after(ms, resume);
    signal.addEventListener('abort', resume, { once: true });
  });
}
