import {
  type Clock,
  type LaneGroupEvents,
  type LaneName,
  laneName,
  type LanePlace,
} from '@distributary/distribution-core';

/** Beyond the wait for what is in flight, for storing what was acknowledged. */
const STORE_MS = 2_000;

/** The lanes that a member has, those on their way out included, and the telling of it in order. */
export class HeldLanes {
  private readonly lanes = new Map<LaneName, LanePlace>();
  private readonly leaving = new Set<LaneName>();
  private takingUp: Promise<unknown> = Promise.resolve();
  private release: Promise<void> | undefined;
  /** Raised when all are lost: a release that was under way then has nothing to remove any more. */
  private life = 0;

  constructor(
    private readonly events: LaneGroupEvents,
    private readonly clock: Clock,
    private readonly revokeWaitMs: number,
  ) {}

  get isReleasing(): boolean {
    return this.release !== undefined;
  }

  all(): LanePlace[] {
    return [...this.lanes.values()];
  }

  /** Those of them that are new are worked on from now on. */
  take(granted: readonly LanePlace[]): void {
    const added = granted.filter((lane) => !this.lanes.has(laneName(lane)));
    if (added.length === 0) return;
    for (const lane of added) this.lanes.set(laneName(lane), lane);
    this.takingUp = Promise.all([this.takingUp, this.events.onAssigned(added)]).catch(() => undefined);
  }

  /** Until those that were taken so far are worked on. */
  async taken(): Promise<void> {
    await this.takingUp;
  }

  /** Resolves when they are given up, after the time for it at the latest; never rejects. */
  async revoke(lanes: readonly LanePlace[]): Promise<void> {
    const present = lanes.filter((lane) => this.lanes.has(laneName(lane)) && !this.leaving.has(laneName(lane)));
    for (const lane of present) this.leaving.add(laneName(lane));
    const before = this.release;
    const release = Promise.all([before, present.length > 0 && this.giveUp(present)]).then(() => undefined);
    this.release = release;
    await release;
    if (this.release === release) this.release = undefined;
  }

  /** All of them are gone without having been asked for. */
  lose(): void {
    const lost = this.all();
    this.life++;
    this.lanes.clear();
    this.leaving.clear();
    // Nobody waits for it: who has lost all joins anew at once.
    this.release = undefined;
    if (lost.length > 0) this.events.onLost(lost);
  }

  private async giveUp(lanes: readonly LanePlace[]): Promise<void> {
    const { life } = this;
    let cancel: () => void = () => undefined;
    const late = new Promise<void>((resolve) => (cancel = this.clock.after(this.revokeWaitMs + STORE_MS, resolve)));
    const isInTime = await Promise.race([
      this.events.onRevoked(lanes, this.revokeWaitMs).then(
        () => true,
        () => false,
      ),
      late.then(() => false),
    ]);
    cancel();
    if (this.life !== life) return;
    for (const lane of lanes) {
      this.lanes.delete(laneName(lane));
      this.leaving.delete(laneName(lane));
    }
    if (!isInTime) this.events.onLost(lanes);
  }
}
