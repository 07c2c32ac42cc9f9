import { FakeClock } from '../testing/fake-clock.js';
import { InMemoryCursorStore } from '../testing/in-memory-cursor-store.js';
import { takenElsewhere } from './taken-elsewhere.js';

describe('a subscription that another session has', () => {
  const clock = new FakeClock();
  const cursors = new InMemoryCursorStore({ clock });
  const hint = async () => (await takenElsewhere('s', 'taken', cursors, 9_000)).retryAfterMs;

  it('is to be tried again when what is left of the term is over', async () => {
    const owned = await cursors.acquire('s', 'one', 9_000);
    if (owned === 'taken') throw new Error('taken');
    expect(await hint()).toBe(9_000);
    clock.advance(8_000);
    expect(await hint()).toBe(1_000);
    await cursors.renew(owned);
    expect(await hint()).toBe(9_000);
    clock.advance(8_990);
    expect(await hint()).toBe(100);
    await cursors.release(owned);
    expect(await hint()).toBe(100);
  });

  it('is to be tried again after a whole term where the store does not say', async () => {
    const away = { standing: () => Promise.reject(new Error('away')) };
    expect(await takenElsewhere('s', 'taken', away, 9_000)).toMatchObject({
      code: 'subscription.taken',
      retryAfterMs: 9_000,
    });
  });
});
