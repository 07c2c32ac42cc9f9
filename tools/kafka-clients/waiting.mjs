export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Until nothing has changed for `idleMs`, and at most for `maxMs`. */
export async function untilIdle(lastChangeMs, idleMs, maxMs = 30_000) {
  const endMs = performance.now() + maxMs;
  while (performance.now() - lastChangeMs() < idleMs && performance.now() < endMs) await pause(20);
}

export async function until(condition, what, maxMs = 30_000) {
  const endMs = performance.now() + maxMs;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`waited ${maxMs} ms in vain for ${what}`);
    await pause(5);
  }
}

export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
