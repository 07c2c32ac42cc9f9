import { LossLedger } from './loss-ledger.js';

interface Awaited {
  readonly sinceMs: number;
  /** The first event of the key that its producer sent after the fault. */
  readonly sequence: number;
}

/**
 * A ledger that also tells how long faults were felt: of each key the time from a fault until the first event came that
 * was sent after it. A key that has not recovered when the next fault comes counts from the first one.
 */
export class WatchedLedger extends LossLedger {
  private readonly sentCounts = new Map<string, number>();
  private readonly awaited = new Map<string, Awaited>();
  readonly recoveriesMs: number[] = [];

  override sent(key: string, sequence: number): void {
    super.sent(key, sequence);
    this.sentCounts.set(key, sequence + 1);
  }

  override received(key: string, sequence: number, nowMs = performance.now()): void {
    super.received(key, sequence);
    const awaited = this.awaited.get(key);
    if (awaited === undefined || sequence < awaited.sequence) return;
    this.recoveriesMs.push(nowMs - awaited.sinceMs);
    this.awaited.delete(key);
  }

  /** Of all keys that have been sent so far. */
  fault(nowMs = performance.now()): void {
    for (const [key, sequence] of this.sentCounts) {
      if (!this.awaited.has(key)) this.awaited.set(key, { sinceMs: nowMs, sequence });
    }
  }

  /** Of no key is it still unknown how long the last fault was felt. */
  get hasRecovered(): boolean {
    return this.awaited.size === 0;
  }

  /** Keys that have not recovered, and the first of their events that is awaited. */
  get awaitedEvents(): string[] {
    return [...this.awaited].map(([key, { sequence }]) => `${key} ${sequence}`);
  }

  get longestRecoveryMs(): number {
    return this.recoveriesMs.reduce((longest, ms) => Math.max(longest, ms), 0);
  }

  get unrecovered(): number {
    return this.awaited.size;
  }
}
