import fs from 'node:fs';

/**
 * Loaded before a service (`node --import`), so that its wall clock can be set without touching the machine's: on SIGUSR2
 * it is put as far off as CLOCK_OFFSET_FILE says, in milliseconds. Timers and the monotonic clock go on as they are, as
 * they do when somebody sets a machine's clock.
 */
const file = process.env.CLOCK_OFFSET_FILE as string;
const RealDate = Date;
let offsetMs = 0;

class OffsetDate extends RealDate {
  constructor(...args: [] | [value: number | string | Date]) {
    if (args.length === 0) super(OffsetDate.now());
    else super(...(args as [number]));
  }

  static override now(): number {
    return RealDate.now() + offsetMs;
  }
}

globalThis.Date = OffsetDate as DateConstructor;
process.on('SIGUSR2', () => {
  offsetMs = Number(fs.readFileSync(file, 'utf8'));
});
