const ATTEMPTS = 100;

/**
 * What has to be added to `readOther` to have `readClock`. A process may be interrupted between two readings, for as long
 * as others have its core, so the closest of many attempts counts.
 */
export function offsetOf(readClock: () => number, readOther: () => number): number {
  let closest = Infinity;
  let offset = 0;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = readClock();
    const other = readOther();
    const after = readClock();
    if (after - before >= closest) continue;
    closest = after - before;
    offset = (before + after) / 2 - other;
  }
  return offset;
}

const sinceStartMicros = () => performance.now() * 1000;
const ORIGIN_MICROS = offsetOf(() => Number(process.hrtime.bigint()) / 1000, sinceStartMicros);

/**
 * Microseconds of the machine's monotonic clock, the same for every process of the machine, so that a stamp of the
 * publisher can be subtracted in the load client. Not a time of day.
 */
export function monotonicMicros(): number {
  return ORIGIN_MICROS + sinceStartMicros();
}

export const untilMicros = (micros: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.max(0, (micros - monotonicMicros()) / 1000)));
