import { DistributionError } from '../errors/distribution-error.js';
import { noMetrics } from '../ports/metrics.port.js';
import { FakeClock } from '../testing/fake-clock.js';
import { InMemoryCursorStore } from '../testing/in-memory-cursor-store.js';
import { settle } from '../testing/settle.js';
import { Duty, type DutyEvents } from './duty.js';

const TERM_MS = 6_000;

/** Several processes over one store, each of which may be cut off from it or sleep. */
function aWorld() {
  const clock = new FakeClock();
  const store = new InMemoryCursorStore({ clock });
  const told: string[] = [];
  const process = (ownerId: string, events: Pick<DutyEvents, 'prepare'> = {}) => {
    const cut = { isCut: false };
    const reached = <Result>(call: () => Promise<Result>): Promise<Result> =>
      cut.isCut ? Promise.reject(new DistributionError('store.unavailable', 'away')) : call();
    const duty = new Duty(
      'alerts',
      {
        ownership: {
          acquire: (...asked) => reached(() => store.acquire(...asked)),
          renew: (...asked) => reached(() => store.renew(...asked)),
          release: (...asked) => reached(() => store.release(...asked)),
        },
        clock,
        ownerId,
        termMs: TERM_MS,
        metrics: noMetrics,
        onError: (error) => void told.push(`${ownerId} failed: ${(error as Error).message}`),
      },
      {
        ...events,
        onTaken: () => void told.push(`${ownerId} taken`),
        onLost: () => void told.push(`${ownerId} lost`),
      },
    );
    return { duty, cut };
  };
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 250) {
      clock.advance(250);
      await settle(clock, 3);
    }
  };
  return { clock, store, told, process, pass };
}

describe('a duty', () => {
  it('is held by one process at a time, and goes on to the next at once when it is given up', async () => {
    const { told, process, pass } = aWorld();
    const [one, two] = [process('one'), process('two')];
    one.duty.start();
    two.duty.start();
    await pass(20_000);
    expect([one.duty.standing, two.duty.standing]).toEqual(['held', 'waiting']);
    await one.duty.stop();
    await pass(1_250);
    expect([one.duty.standing, two.duty.standing]).toEqual(['waiting', 'held']);
    await two.duty.stop();
    expect(told).toEqual(['one taken', 'one lost', 'two taken', 'two lost']);
  });

  it('is taken over within the term and a second when its holder dies', async () => {
    const { store, told, process, pass } = aWorld();
    await store.acquire('duty:alerts', 'dead', TERM_MS);
    const { duty } = process('heir');
    duty.start();
    await pass(TERM_MS - 500);
    expect(duty.standing).toBe('waiting');
    await pass(1_500);
    expect(duty.isHeld).toBe(true);
    await duty.stop();
    expect(told).toEqual(['heir taken', 'heir lost']);
  });

  it('is not sure any more when its holder slept, and lost when another took it meanwhile', async () => {
    const { clock, store, told, process, pass } = aWorld();
    const { duty } = process('sleeper');
    duty.start();
    await pass(1_000);
    await store.acquire('duty:alerts', 'other', 2 * TERM_MS, { force: true });
    clock.advance(TERM_MS);
    expect(duty.standing).toBe('unsure');
    await pass(1_000);
    expect(duty.standing).toBe('waiting');
    await pass(2 * TERM_MS);
    expect(duty.standing).toBe('held');
    await duty.stop();
    expect(told).toEqual(['sleeper taken', 'sleeper lost', 'sleeper taken', 'sleeper lost']);
  });

  it('stays with its holder while the store does not answer, since nobody else can have it', async () => {
    const { told, process, pass } = aWorld();
    const [one, two] = [process('one'), process('two')];
    one.duty.start();
    await pass(500);
    two.duty.start();
    one.cut.isCut = two.cut.isCut = true;
    await pass(10 * TERM_MS);
    expect([one.duty.standing, two.duty.standing]).toEqual(['held', 'waiting']);
    one.cut.isCut = two.cut.isCut = false;
    await pass(2_000);
    expect([one.duty.isHeld, two.duty.isHeld].filter((isHeld) => isHeld)).toHaveLength(1);
    await one.duty.stop();
    await two.duty.stop();
    expect(told.filter((line) => line.includes('failed'))).toHaveLength(2);
  });

  it('passes on when its holder alone is cut off, who is told when it reaches the store again', async () => {
    const { process, pass } = aWorld();
    const [one, two] = [process('one'), process('two')];
    one.duty.start();
    await pass(500);
    two.duty.start();
    one.cut.isCut = true;
    await pass(TERM_MS + 2_000);
    expect(two.duty.standing).toBe('held');
    one.cut.isCut = false;
    await pass(1_500);
    expect([one.duty.standing, two.duty.standing]).toEqual(['waiting', 'held']);
    await one.duty.stop();
    await two.duty.stop();
  });

  it('is prepared anew when another had it for a while of which its holder heard nothing', async () => {
    const { told, process, pass } = aWorld();
    let prepared = 0;
    const one = process('one', { prepare: async () => Promise.resolve(void prepared++) });
    const two = process('two');
    one.duty.start();
    await pass(500);
    one.cut.isCut = true;
    await pass(TERM_MS);
    two.duty.start();
    await pass(2_000);
    expect(two.duty.standing).toBe('held');
    await two.duty.stop();
    one.cut.isCut = false;
    await pass(2_000);
    expect(one.duty.standing).toBe('held');
    expect(prepared).toBe(2);
    expect(told.filter((line) => line.startsWith('one ') && !line.includes('failed'))).toEqual([
      'one taken',
      'one lost',
      'one taken',
    ]);
    await one.duty.stop();
  });

  it('begins when what is prepared is done, and is given up for now if that fails', async () => {
    const { told, process, pass } = aWorld();
    let attempts = 0;
    const { duty } = process('one', {
      prepare: () => (++attempts < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve()),
    });
    duty.start();
    await pass(500);
    expect(duty.standing).toBe('waiting');
    await pass(4_000);
    expect(duty.standing).toBe('held');
    expect(told).toEqual(['one failed: not yet', 'one taken']);
    await duty.stop();
  });

  it('can be stopped while it waits, and leaves nothing behind', async () => {
    const { clock, store, process, pass } = aWorld();
    await store.acquire('duty:alerts', 'other', TERM_MS);
    const { duty } = process('one');
    await duty.stop();
    const { duty: other } = process('two');
    other.start();
    await pass(500);
    await other.stop();
    expect(clock.pendingAlarms).toBe(0);
  });
});
