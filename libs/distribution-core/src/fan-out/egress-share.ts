import type { Clock } from '../ports/clock.port.js';

export interface EgressShareOptions {
  readonly clock: Clock;
  /** Of the whole process; undefined: what the machine can. */
  readonly bytesPerSecond: number | undefined;
  /** Of one tenant; undefined: its fair share of what there is. */
  readonly quotaOf: (tenant: string) => number | undefined;
  /** Told of everything that is written. */
  readonly onSent?: (tenant: string, bytes: number) => void;
}

interface Share {
  readonly tenant: string;
  /** Bytes that it may send now; below 0: sent ahead of its turn, by the part of a frame that was more. */
  deficit: number;
  /** Of its own quota. */
  tokens: number;
  tokensAtMs: number;
}

const MAX_QUANTUM_BYTES = 64 * 1024;
const MIN_QUANTUM_BYTES = 1_024;
/** What may be sent at once after a quiet time: little, or the first one would have it all. */
const BURST_MS = 100;
const MIN_WAIT_MS = 2;
const MAX_WAIT_MS = 1_000;

/**
 * Who may send next when the process, or a tenant, is at its limit: deficit round robin over tenants. Those who ask in vain
 * stand in one queue; whenever there is a quantum, the first of them gets it and, if that does not make up for what it
 * owes, goes to the end. So tenants with any number of feeds, and frames of any size, get the same number of bytes in the
 * long run, and who asks for little gets it at once.
 */
export class EgressShare {
  private readonly shares = new Map<string, Share>();
  private readonly queue = new Set<Share>();
  private readonly quantum: number;
  private readonly burst: number;
  private tokens: number;
  private atMs: number;

  constructor(private readonly options: EgressShareOptions) {
    const { bytesPerSecond = Number.POSITIVE_INFINITY } = options;
    this.burst = Math.max(MIN_QUANTUM_BYTES, (bytesPerSecond * BURST_MS) / 1_000);
    this.quantum = Math.min(MAX_QUANTUM_BYTES, Math.max(MIN_QUANTUM_BYTES, this.burst / 4));
    this.tokens = this.burst;
    this.atMs = options.clock.monotonicMs();
  }

  /** Whether the tenant may send a frame now; if not, it stands in the queue. */
  mayFlush(tenant: string): boolean {
    const share = this.shareOf(tenant);
    if (share.deficit <= 0) {
      this.queue.add(share);
      this.serve();
    }
    return share.deficit > 0 && this.quotaWaitMs(share) === 0;
  }

  /** What was written, to all members together. */
  sent(tenant: string, bytes: number): void {
    const share = this.shareOf(tenant);
    share.deficit -= bytes;
    share.tokens -= bytes;
    this.options.onSent?.(tenant, bytes);
  }

  /** Until it is worth asking again. */
  waitMs(): number {
    let waitMs = MAX_WAIT_MS;
    if (this.queue.size > 0) waitMs = this.msFor(this.quantum - this.tokens, this.options.bytesPerSecond);
    for (const share of this.shares.values()) {
      const own = this.quotaWaitMs(share);
      if (own > 0) waitMs = Math.min(waitMs, own);
    }
    return Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, waitMs));
  }

  /** Tenants without feeds need no share. */
  forget(tenant: string): void {
    const share = this.shares.get(tenant);
    if (share === undefined) return;
    this.queue.delete(share);
    this.shares.delete(tenant);
  }

  private serve(): void {
    this.refill();
    let turns = this.queue.size * (1 + MAX_WAIT_MS);
    for (const share of this.queue) {
      if (this.tokens < this.quantum || turns-- <= 0) return;
      this.queue.delete(share);
      // Its own quota is used up: it gives its turn to the others, and asks again later.
      if (this.quotaWaitMs(share) > 0) continue;
      this.tokens -= this.quantum;
      share.deficit += this.quantum;
      // Still in debt: to the end. A set is walked through in the order of its additions, these included.
      if (share.deficit <= 0) this.queue.add(share);
    }
  }

  private refill(): void {
    const { clock, bytesPerSecond } = this.options;
    const nowMs = clock.monotonicMs();
    if (bytesPerSecond === undefined) this.tokens = this.burst;
    else this.tokens = Math.min(this.burst, this.tokens + ((nowMs - this.atMs) * bytesPerSecond) / 1_000);
    this.atMs = nowMs;
  }

  private quotaWaitMs(share: Share): number {
    const quota = this.options.quotaOf(share.tenant);
    if (quota === undefined) return 0;
    const nowMs = this.options.clock.monotonicMs();
    const burst = Math.max(MIN_QUANTUM_BYTES, (quota * BURST_MS) / 1_000);
    share.tokens = Math.min(burst, share.tokens + ((nowMs - share.tokensAtMs) * quota) / 1_000);
    share.tokensAtMs = nowMs;
    return share.tokens > 0 ? 0 : this.msFor(1 - share.tokens, quota);
  }

  private msFor(bytes: number, perSecond: number | undefined): number {
    return perSecond === undefined ? MIN_WAIT_MS : Math.ceil((Math.max(0, bytes) * 1_000) / perSecond);
  }

  private shareOf(tenant: string): Share {
    let share = this.shares.get(tenant);
    if (share === undefined) {
      share = { tenant, deficit: 0, tokens: 1, tokensAtMs: this.options.clock.monotonicMs() };
      this.shares.set(tenant, share);
    }
    return share;
  }
}
