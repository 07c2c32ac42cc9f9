const ORIGIN_MICROS = Number(process.hrtime.bigint()) / 1000 - performance.now() * 1000;

/**
 * Microseconds of the machine's monotonic clock, the same for every process of the machine, so that a stamp of the
 * publisher can be subtracted in the load client. Not a time of day.
 */
export function monotonicMicros(): number {
  return ORIGIN_MICROS + performance.now() * 1000;
}
