import { anApiKey, FakeClock, InMemoryApiKeyStore, settle } from '@distributary/distribution-core/testing';
import { RevocationWatch } from './revocation-watch.js';

class Sessions {
  readonly ended: string[] = [];
  constructor(private readonly keys: readonly string[]) {}
  openKeys = () => this.keys;
  endKey = (id: string) => void this.ended.push(id);
}

describe('the watch over revocations', () => {
  const clock = new FakeClock();

  it('ends sessions at the store’s hint', async () => {
    const store = new InMemoryApiKeyStore();
    await store.create(anApiKey());
    const sessions = new Sessions([]);
    const hinted: string[] = [];
    const watch = new RevocationWatch(store, sessions, clock, (id) => hinted.push(id));
    await store.revoke('acme', 'key00001', 1);
    expect([hinted, sessions.ended]).toEqual([['key00001'], ['key00001']]);
    await watch.stop();
    await store.create(anApiKey({ id: 'key00002' }));
    await store.revoke('acme', 'key00002', 1);
    expect(sessions.ended).toEqual(['key00001']);
  });

  it('asks every half second in case no hint came, also after the store did not answer', async () => {
    const store = new InMemoryApiKeyStore();
    await store.create(anApiKey());
    await store.create(anApiKey({ id: 'key00002' }));
    await store.revoke('acme', 'key00002', 1);
    let isUp = false;
    let asked = 0;
    const sessions = new Sessions(['key00001', 'key00002', 'gone0000']);
    const watch = new RevocationWatch(
      {
        onRevoked: () => () => Promise.resolve(),
        revokedOf: (ids) => {
          asked++;
          return isUp ? store.revokedOf(ids) : Promise.reject(new Error('down'));
        },
      },
      sessions,
      clock,
    );
    clock.advance(500);
    await settle(clock);
    expect([asked, sessions.ended]).toEqual([1, []]);
    isUp = true;
    clock.advance(500);
    await settle(clock);
    expect([...sessions.ended].sort()).toEqual(['gone0000', 'key00002']);
    await watch.stop();
    clock.advance(5_000);
    await settle(clock);
    expect(asked).toBe(2);
  });
});
