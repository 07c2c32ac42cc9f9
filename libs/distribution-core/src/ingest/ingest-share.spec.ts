import { noMetrics } from '../ports/metrics.port.js';
import { FakeClock } from '../testing/fake-clock.js';
import { IngestShare, type IngestShareLimits } from './ingest-share.js';

const LIMITS: IngestShareLimits = {
  turnMs: 5,
  lateTurnMs: 1,
  maxLagMs: 40,
  maxWaitMs: 50,
  maxWaitingBytes: 1_000,
};

function setUp() {
  const clock = new FakeClock();
  /** Turns of the loop are the test's own. */
  const soon: (() => void)[] = [];
  const begun: string[] = [];
  let lagMs = 0;
  const share = new IngestShare({
    clock: { ...methodsOf(clock), soon: (callback) => void soon.push(callback) },
    metrics: noMetrics,
    lagMs: () => lagMs,
    limits: LIMITS,
  });
  const call = (name: string, ms = 2, bytes = 1) =>
    share.run(bytes, () => {
      begun.push(name);
      clock.advance(ms);
      return Promise.resolve(name);
    });
  return {
    clock,
    share,
    call,
    turn: () => soon.splice(0).forEach((callback) => callback()),
    isIdle: () => soon.length === 0,
    begunSince: () => begun.splice(0),
    lag: (ms: number) => (lagMs = ms),
  };
}

const methodsOf = (clock: FakeClock) => ({
  nowMicros: () => clock.nowMicros(),
  monotonicMs: () => clock.monotonicMs(),
  after: (ms: number, callback: () => void) => clock.after(ms, callback),
});

describe("ingest's share of the loop", () => {
  it('lets calls begin at once until its part of the turn is used up, and the others in the next turns, in their order', async () => {
    const { call, turn, begunSince, isIdle } = setUp();
    const answers = Promise.all(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => call(name)));
    expect(begunSince()).toEqual(['a', 'b', 'c']);
    turn();
    expect(begunSince()).toEqual(['d', 'e', 'f']);
    turn();
    expect(begunSince()).toEqual(['g']);
    expect(await answers).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    turn();
    expect(isIdle()).toBe(true);
  });

  it('keeps calls that come later behind those that wait', () => {
    const { call, turn, begunSince } = setUp();
    for (const name of ['a', 'b', 'c', 'd']) void call(name, 5);
    turn();
    void call('e', 5);
    expect(begunSince()).toEqual(['a', 'b']);
    for (let turns = 0; turns < 3; turns++) turn();
    expect(begunSince()).toEqual(['c', 'd', 'e']);
  });

  it('is the smaller the later deliveries are, and never nothing', () => {
    const { call, turn, begunSince, lag } = setUp();
    lag(20);
    for (const name of ['a', 'b', 'c', 'd', 'e']) void call(name);
    expect(begunSince()).toEqual(['a', 'b']);
    lag(400);
    turn();
    expect(begunSince()).toEqual(['c']);
    turn();
    expect(begunSince()).toEqual(['d']);
  });

  it('takes a burst, and refuses only while those before have waited too long', async () => {
    const { call, clock, turn } = setUp();
    const burst = Promise.all(Array.from({ length: 100 }, (_, n) => call(`b${n}`, 5)));
    clock.advance(51);
    await expect(call('late')).rejects.toMatchObject({ code: 'ingest.busy', retryAfterMs: 100 });
    for (let turns = 0; turns < 100; turns++) turn();
    await burst;
    expect(await call('again')).toBe('again');
  });

  it('holds no more than its bytes', async () => {
    const { call, turn } = setUp();
    void call('a', 5);
    const waiting = call('b', 5, 900);
    await expect(call('c', 5, 101)).rejects.toMatchObject({ code: 'ingest.busy' });
    turn();
    turn();
    await waiting;
    void call('d', 5);
    const next = call('e', 5, 1_000);
    turn();
    turn();
    expect(await next).toBe('e');
  });

  it('tells whoever called how it went, and goes on with the next', async () => {
    const { call, share, turn } = setUp();
    void call('a', 5);
    const failing = share.run(1, () => Promise.reject(new Error('no')));
    const next = call('b');
    turn();
    turn();
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('b');
  });
});
