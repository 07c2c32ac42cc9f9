const WRAP = 2 ** 32;
/** Nearer than this to the wrap, a counter that went back has wrapped; further away, it began anew. */
const NEAR_WRAP = 2 ** 30;

/**
 * How much a counter grew. Old drivers count in 32 bits and wrap. Undefined if it began anew (a reboot, an interface
 * that went away): the growth is then not known, and no figure is better than a wrong one.
 */
export function growthOf(before: number, now: number): number | undefined {
  if (now >= before) return now - before;
  const isWrap = before < WRAP && before > WRAP - NEAR_WRAP && now < NEAR_WRAP;
  return isWrap ? now + WRAP - before : undefined;
}

/** Undefined as {@link growthOf}, and if no time went by. */
export function ratePerSecond(before: number, now: number, elapsedMs: number): number | undefined {
  const growth = growthOf(before, now);
  return growth === undefined || elapsedMs <= 0 ? undefined : (growth / elapsedMs) * 1000;
}
