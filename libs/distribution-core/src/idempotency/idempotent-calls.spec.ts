import { DistributionError } from '../errors/distribution-error.js';
import { FakeClock, InMemoryIdempotencyStore, settle } from '../testing/index.js';
import { IdempotentCalls, requestFingerprint } from './idempotent-calls.js';

const CALL = { scope: 'me', key: 'k', fingerprint: 'f' };
const ANSWER = { status: 201, headers: {}, body: { n: 1 } };

describe('calls that are carried out once', () => {
  let clock: FakeClock;
  let store: InMemoryIdempotencyStore;
  let unkept: unknown[];
  let calls: IdempotentCalls;
  let done: number;
  let ids = 0;

  beforeEach(() => {
    clock = new FakeClock();
    store = new InMemoryIdempotencyStore(clock);
    unkept = [];
    done = 0;
    calls = new IdempotentCalls({
      store,
      clock,
      ids: { uuid: () => `${++ids}`, random: () => 0 },
      onUnkept: (error) => unkept.push(error),
    });
  });
  const work = () => Promise.resolve({ ...ANSWER, body: { n: ++done } });
  const pass = async (ms: number) => {
    await settle(clock);
    clock.advance(ms);
    await settle(clock);
  };

  it('give their answer again', async () => {
    expect(await calls.once(CALL, work)).toEqual({ answer: ANSWER, isRepeated: false });
    expect(await calls.once(CALL, work)).toEqual({ answer: ANSWER, isRepeated: true });
    expect(done).toBe(1);
  });

  it('wait for the one that is under way', async () => {
    let finish: () => void = () => undefined;
    const first = calls.once(CALL, () => new Promise((resolve) => (finish = () => resolve(ANSWER))));
    const second = calls.once(CALL, work);
    await pass(200);
    finish();
    await pass(100);
    expect(await first).toEqual({ answer: ANSWER, isRepeated: false });
    expect(await second).toEqual({ answer: ANSWER, isRepeated: true });
  });

  it('do not wait for ever', async () => {
    void calls.once(CALL, () => new Promise(() => undefined));
    const second = calls.once(CALL, work).catch((error: unknown) => error);
    for (let time = 0; time < 25; time++) await pass(500);
    expect(await second).toMatchObject({ code: 'idempotency.busy', retryable: true, retryAfterMs: 1_000 });
  });

  it('may be tried again when they failed', async () => {
    const failure = new DistributionError('topic.exists', 'there is one');
    await expect(calls.once(CALL, () => Promise.reject(failure))).rejects.toBe(failure);
    expect(await calls.once(CALL, work)).toMatchObject({ isRepeated: false });
  });

  it('refuse another request under the key, and what cannot be a key', async () => {
    await calls.once(CALL, work);
    await expect(calls.once({ ...CALL, fingerprint: 'other' }, work)).rejects.toMatchObject({
      code: 'idempotency.conflict',
    });
    for (const key of ['', 'a b', 'x'.repeat(201), 'é']) {
      await expect(calls.once({ ...CALL, key }, work)).rejects.toMatchObject({ code: 'request.invalid' });
    }
  });

  it('answer even if the answer cannot be kept', async () => {
    store.finish = () => Promise.reject(new Error('down'));
    expect(await calls.once(CALL, work)).toEqual({ answer: ANSWER, isRepeated: false });
    expect(unkept).toHaveLength(1);
  });

  it('are equal whatever the order of their fields', () => {
    expect(requestFingerprint('POST', { a: 1, b: [{ c: 2, d: 3 }] })).toBe(
      requestFingerprint('POST', { b: [{ d: 3, c: 2 }], a: 1 }),
    );
    expect(requestFingerprint('POST', { a: 1 })).not.toBe(requestFingerprint('POST', { a: 2 }));
  });
});
