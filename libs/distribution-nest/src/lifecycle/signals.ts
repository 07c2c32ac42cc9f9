import type { Lifecycle } from './lifecycle.js';

/** The part of `process` that is needed. */
export interface SignalSource {
  on(signal: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
  off(signal: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
  exit(code: number): void;
}

const FAILED = 1;

/**
 * The first signal drains, then exits: 0, or 1 if a step failed or ran out of time. A second one exits at once, for
 * those who cannot wait. The returned function stops listening.
 */
export function drainOnSignals(source: SignalSource, lifecycle: Pick<Lifecycle, 'drain'>): () => void {
  let hasBegun = false;
  const listenerOf = (signal: 'SIGTERM' | 'SIGINT') => () => {
    if (hasBegun) return source.exit(FAILED);
    hasBegun = true;
    void lifecycle.drain(signal).then((reports) => {
      source.exit(reports.every((report) => report.outcome === 'done') ? 0 : FAILED);
    });
  };
  const [onTerminate, onInterrupt] = [listenerOf('SIGTERM'), listenerOf('SIGINT')];
  source.on('SIGTERM', onTerminate);
  source.on('SIGINT', onInterrupt);
  return () => {
    source.off('SIGTERM', onTerminate);
    source.off('SIGINT', onInterrupt);
  };
}
