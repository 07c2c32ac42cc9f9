import type { IdempotencyLimits, IdempotencyStore } from '../ports/idempotency-store.port.js';
import { until } from './until.js';

const LIMITS: IdempotencyLimits = { attemptMs: 60_000, keepMs: 60_000, maxKeys: 100 };
const CALL = { scope: 'acme/me', key: 'k1', fingerprint: 'f1' };
const ANSWER = { status: 201, headers: { etag: '"a"' }, body: { name: 'a', list: [1, { b: null }] } };

/** What every {@link IdempotencyStore} keeps. `create` gives an empty one; `pass` lets its time pass. */
export function describeIdempotencyStoreContract(
  name: string,
  create: () => Promise<{ readonly store: IdempotencyStore; pass(ms: number): Promise<void> }>,
): void {
  describe(`${name} as an idempotency store`, () => {
    let store: IdempotencyStore;
    let pass: (ms: number) => Promise<void>;
    beforeEach(async () => {
      ({ store, pass } = await create());
    });

    it('gives the answer of the first call to those that repeat it', async () => {
      expect(await store.begin(CALL, 'a1', LIMITS)).toEqual({ outcome: 'begun', attempt: 'a1' });
      expect(await store.begin(CALL, 'a2', LIMITS)).toEqual({ outcome: 'busy' });
      await store.finish(CALL, 'a1', ANSWER);
      expect(await store.begin(CALL, 'a3', LIMITS)).toEqual({ outcome: 'answered', answer: ANSWER });
    });

    it('tells one of those that begin at once to go on', async () => {
      const claims = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((attempt) => store.begin(CALL, attempt, LIMITS)));
      expect(claims.map(({ outcome }) => outcome).sort()).toEqual(['begun', 'busy', 'busy', 'busy', 'busy']);
    });

    it('knows the keys of one scope apart from those of another', async () => {
      await store.begin(CALL, 'a1', LIMITS);
      expect(await store.begin({ ...CALL, scope: 'acme/you' }, 'a2', LIMITS)).toMatchObject({ outcome: 'begun' });
    });

    it('refuses another request under the same key, whether the first one is done or not', async () => {
      const other = { ...CALL, fingerprint: 'f2' };
      await store.begin(CALL, 'a1', LIMITS);
      expect(await store.begin(other, 'a2', LIMITS)).toEqual({ outcome: 'conflict' });
      await store.finish(CALL, 'a1', ANSWER);
      expect(await store.begin(other, 'a3', LIMITS)).toEqual({ outcome: 'conflict' });
    });

    it('lets it be tried again after it came to nothing', async () => {
      await store.begin(CALL, 'a1', LIMITS);
      await store.abandon(CALL, 'a1');
      expect(await store.begin({ ...CALL, fingerprint: 'f2' }, 'a2', LIMITS)).toMatchObject({ outcome: 'begun' });
    });

    it('lets another take over an attempt that was interrupted, whose own answer then comes too late', async () => {
      await store.begin(CALL, 'a1', { ...LIMITS, attemptMs: 50 });
      await pass(60);
      await until('the attempt to be over', async () => {
        return (await store.begin(CALL, 'a2', LIMITS)).outcome === 'begun';
      });
      await store.finish(CALL, 'a1', ANSWER);
      await store.abandon(CALL, 'a1');
      expect(await store.begin(CALL, 'a3', LIMITS)).toEqual({ outcome: 'busy' });
    });

    it('forgets a key when its time is over', async () => {
      await store.begin(CALL, 'a1', { ...LIMITS, keepMs: 50 });
      await store.finish(CALL, 'a1', ANSWER);
      await pass(60);
      await until('the key to be forgotten', async () => {
        return (await store.begin({ ...CALL, fingerprint: 'f2' }, 'a2', LIMITS)).outcome === 'begun';
      });
    });

    it('keeps no more keys of a scope than it may, the newest', async () => {
      for (const key of ['k1', 'k2', 'k3', 'k4']) {
        await store.begin({ ...CALL, key }, key, { ...LIMITS, maxKeys: 2 });
        await store.finish({ ...CALL, key }, key, ANSWER);
        await pass(2);
      }
      expect(await store.begin({ ...CALL, key: 'k4' }, 'a', LIMITS)).toMatchObject({ outcome: 'answered' });
      expect(await store.begin({ ...CALL, key: 'k1' }, 'a', LIMITS)).toMatchObject({ outcome: 'begun' });
    });
  });
}
