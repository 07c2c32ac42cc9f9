/** For the processes that tests start; everything else has a clock that it was given. */
export const clock = {
  nowMicros: () => Date.now() * 1000,
  monotonicMs: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  soon: (callback) => setImmediate(callback),
};
