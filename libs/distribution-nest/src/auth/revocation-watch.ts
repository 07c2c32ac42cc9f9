import type { ApiKeyStore, Clock } from '@distributary/distribution-core';

/** Sessions that live by API keys. */
export interface KeyedSessions {
  openKeys(): readonly string[];
  endKey(id: string): void;
}

/** Revocations are told by the store at once; were that to fail, they are found within this. */
const ASK_EVERY_MS = 500;
const MAX_IDS_AT_ONCE = 5_000;

/**
 * Ends the sessions of keys that are revoked, in whatever process that was done, within a second: by the store's hints,
 * and by asking it for the keys that have sessions here. While the store does not answer, sessions go on: nobody could
 * have revoked anything there.
 */
export class RevocationWatch {
  private cancel: () => void = () => undefined;
  private readonly stopListening: () => Promise<void>;
  private asking: Promise<void> = Promise.resolve();
  private isStopped = false;

  constructor(
    private readonly store: Pick<ApiKeyStore, 'onRevoked' | 'revokedOf'>,
    private readonly sessions: KeyedSessions,
    private readonly clock: Clock,
    onHint: (id: string) => void = () => undefined,
  ) {
    this.stopListening = store.onRevoked((id) => {
      onHint(id);
      sessions.endKey(id);
    });
    this.schedule();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.cancel();
    await this.asking;
    await this.stopListening();
  }

  private schedule(): void {
    this.cancel = this.clock.after(ASK_EVERY_MS, () => {
      this.asking = this.ask()
        .catch(() => undefined)
        .then(() => {
          if (!this.isStopped) this.schedule();
        });
    });
  }

  private async ask(): Promise<void> {
    const ids = this.sessions.openKeys();
    for (let from = 0; from < ids.length; from += MAX_IDS_AT_ONCE) {
      for (const id of await this.store.revokedOf(ids.slice(from, from + MAX_IDS_AT_ONCE))) this.sessions.endKey(id);
    }
  }
}
