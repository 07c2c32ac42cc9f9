import { FakeClock } from './fake-clock.js';

/** A clock that also moves when work is done. */
export class BusyClock extends FakeClock {
  workedMs = 0;

  override monotonicMs(): number {
    return super.monotonicMs() + this.workedMs;
  }
}
