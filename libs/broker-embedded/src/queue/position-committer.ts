import type { LanePosition, Log } from '@distributary/distribution-core';
import { type LaneName, laneName } from '@distributary/distribution-core';

/** Stores low-water marks, one commit at a time; marks that come meanwhile go together into the next. */
export class PositionCommitter {
  private readonly dirty = new Map<LaneName, LanePosition>();
  private running: Promise<void> | undefined;
  private next: Promise<void> | undefined;

  constructor(
    private readonly log: Log,
    private readonly group: string,
  ) {}

  mark(position: LanePosition): void {
    this.dirty.set(laneName(position), position);
  }

  /** Resolves when everything that was marked is stored; rejects if it could not be (it stays marked). */
  flush(): Promise<void> {
    if (this.running === undefined) {
      this.running = this.commit().finally(() => (this.running = undefined));
      return this.running;
    }
    this.next ??= this.running
      .catch(() => undefined)
      .then(() => {
        this.next = undefined;
        return this.flush();
      });
    return this.next;
  }

  private async commit(): Promise<void> {
    const positions = [...this.dirty.values()];
    if (positions.length === 0) return;
    await this.log.commit({ group: this.group, positions });
    for (const position of positions) {
      if (this.dirty.get(laneName(position)) === position) this.dirty.delete(laneName(position));
    }
  }
}
