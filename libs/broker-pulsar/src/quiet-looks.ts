/** Between looks at what a socket gives; it is asked then, too, whether what it should give is there. */
export const LOOK_MS = 1_000;

const RARELY = 32;

/** After 1, 2, 4, 8, 16 looks at which nothing had come, then every so often. */
export const isLookedAt = (quietLooks: number): boolean =>
  (quietLooks & (quietLooks - 1)) === 0 || quietLooks % RARELY === 0;
