import type { Clock } from '../ports/clock.port.js';
import type { CursorStore, Ownership } from '../ports/cursor-store.port.js';

export interface OwnershipEvents {
  /** It could not be renewed in time: nothing may be sent until `onResumed`. */
  onSuspended(): void;
  onResumed(): void;
  /** Somebody else has it. Nothing may be sent or stored any more. */
  onLost(): void;
}

/**
 * Keeps the right to advance a durable subscription for as long as it is wanted: renewed every third of its term. States:
 * owning, suspended (not renewed for so long that another may soon take it, whether the store refuses or says nothing at
 * all; by this process's monotonic clock, so a process that was stopped finds out when it goes on), over.
 */
export class OwnershipTerm {
  private state: 'owning' | 'suspended' | 'over' = 'owning';
  private renewedAtMs: number;
  private cancelRenewal: () => void = () => undefined;
  private cancelSuspension: () => void = () => undefined;

  constructor(
    readonly ownership: Ownership,
    private readonly cursors: CursorStore,
    private readonly clock: Clock,
    private readonly events: OwnershipEvents,
  ) {
    this.renewedAtMs = clock.monotonicMs();
    this.suspendInTime();
  }

  get generation(): number {
    return this.ownership.generation;
  }

  get isOwning(): boolean {
    return this.state === 'owning';
  }

  get isOver(): boolean {
    return this.state === 'over';
  }

  start(): void {
    this.cancelRenewal = this.clock.after(this.ownership.termMs / 3, () => {
      void this.renew().finally(() => {
        if (this.state !== 'over') this.start();
      });
    });
  }

  /** The store said so, when something was to be written. */
  lose(): void {
    if (this.state === 'over') return;
    this.end();
    this.events.onLost();
  }

  /** It has ended, and nobody need be told. */
  abandon(): void {
    this.end();
  }

  /** Gives the right up. Never rejects: a right that cannot be given up expires. */
  async release(): Promise<void> {
    if (this.state === 'over') return;
    this.end();
    await this.cursors.release(this.ownership).catch(() => undefined);
  }

  private end(): void {
    this.state = 'over';
    this.cancelRenewal();
    this.cancelSuspension();
  }

  private async renew(): Promise<void> {
    const askedAtMs = this.clock.monotonicMs();
    // A process that was stopped may have been replaced: it sends nothing before it knows better.
    if (this.leftMs() <= 0) this.suspend();
    try {
      const answer = await this.cursors.renew(this.ownership);
      if (this.isOver) return;
      if (answer === 'lost') return this.lose();
    } catch {
      // Asked again in a third of the term.
      return;
    }
    this.renewedAtMs = askedAtMs;
    // The answer took so long that the new term may be about to end, too.
    if (this.leftMs() <= 0) return;
    this.suspendInTime();
    if (this.state !== 'suspended') return;
    this.state = 'owning';
    this.events.onResumed();
  }

  /** Until nothing may be sent any more. */
  private leftMs(): number {
    return this.renewedAtMs + (this.ownership.termMs * 2) / 3 - this.clock.monotonicMs();
  }

  /** By an alarm of its own: the store may leave a renewal without any answer. */
  private suspendInTime(): void {
    this.cancelSuspension();
    this.cancelSuspension = this.clock.after(this.leftMs(), () => this.suspend());
  }

  private suspend(): void {
    if (this.state !== 'owning') return;
    this.state = 'suspended';
    this.events.onSuspended();
  }
}
