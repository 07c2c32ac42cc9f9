import type { Clock } from '../ports/clock.port.js';
import type { DeadLetterStore } from '../ports/dead-letter-store.port.js';

/** What other processes begin is found after at most this. */
const LOOK_EVERY_MS = 2_000;

/** Tells owners of durable subscriptions that letters are to be sent to them again: one question for all of a process. */
export class ReplaySignals {
  private readonly watching = new Map<string, Set<() => void>>();
  private cancel: () => void = () => undefined;
  private isStopped = false;

  constructor(
    private readonly store: Pick<DeadLetterStore, 'subscriptionsInReplay'>,
    private readonly clock: Clock,
  ) {}

  start(): void {
    this.cancel = this.clock.after(LOOK_EVERY_MS, () => {
      void this.look().finally(() => {
        if (!this.isStopped) this.start();
      });
    });
  }

  stop(): void {
    this.isStopped = true;
    this.cancel();
  }

  /** Called back whenever there may be something. The returned function ends it. */
  watch(subscriptionId: string, callback: () => void): () => void {
    const callbacks = this.watching.get(subscriptionId) ?? new Set();
    this.watching.set(subscriptionId, callbacks);
    callbacks.add(callback);
    return () => {
      callbacks.delete(callback);
      if (callbacks.size === 0) this.watching.delete(subscriptionId);
    };
  }

  tell(subscriptionId: string): void {
    for (const callback of this.watching.get(subscriptionId) ?? []) callback();
  }

  private async look(): Promise<void> {
    if (this.watching.size === 0) return;
    const found = await this.store.subscriptionsInReplay().catch(() => []);
    for (const subscriptionId of found) this.tell(subscriptionId);
  }
}
