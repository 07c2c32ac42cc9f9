import type { FakeClock } from './fake-clock.js';

/** Lets everything that is due now, and what follows from it without time passing, happen. */
export async function settle(clock: FakeClock, rounds = 12): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    clock.advance(0);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
