/** Events that may be saved up, and are there at first, at so many events per second: a second of them, but always one. */
export const savedUpAt = (maxRate: number): number => Math.max(1, maxRate);
