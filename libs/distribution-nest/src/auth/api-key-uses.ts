import type { ApiKeyStore, Clock } from '@distributary/distribution-core';

const WRITE_EVERY_MS = 30_000;
/** Keys that may wait to be written; at the limit uses of further keys are not noted until the next write. */
const MAX_WAITING = 10_000;

/** When each key was used last, written now and then, all at once: a request waits for no write. */
export class ApiKeyUses {
  private waiting = new Map<string, number>();
  private cancel: (() => void) | undefined;

  constructor(
    private readonly store: Pick<ApiKeyStore, 'used'>,
    private readonly clock: Clock,
    private readonly onError: (error: unknown) => void,
  ) {}

  note(id: string, atMicros: number): void {
    if (this.waiting.size >= MAX_WAITING && !this.waiting.has(id)) return;
    this.waiting.set(id, atMicros);
    this.cancel ??= this.clock.after(WRITE_EVERY_MS, () => void this.write());
  }

  /** Writes what waits; a failure is reported and the uses are given up: the next ones come soon. */
  async write(): Promise<void> {
    this.cancel?.();
    this.cancel = undefined;
    const uses = this.waiting;
    this.waiting = new Map();
    await this.store.used(uses).catch(this.onError);
  }
}
