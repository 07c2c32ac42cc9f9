import type { LanePosition, Log } from '@distributary/distribution-core';
import { DistributionError, type LaneName, laneName } from '@distributary/distribution-core';

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
    try {
      await this.store(positions);
    } catch (error) {
      if (!isGone(error)) throw error;
      await this.storeOneByOne(positions);
    }
  }

  /** A topic that was deleted must not keep the marks of others from being stored. */
  private async storeOneByOne(positions: readonly LanePosition[]): Promise<void> {
    for (const position of positions) {
      try {
        await this.store([position]);
      } catch (error) {
        if (!isGone(error)) throw error;
        this.forget(position);
      }
    }
  }

  private async store(positions: readonly LanePosition[]): Promise<void> {
    await this.log.commit({ group: this.group, positions });
    for (const position of positions) this.forget(position);
  }

  private forget(position: LanePosition): void {
    if (this.dirty.get(laneName(position)) === position) this.dirty.delete(laneName(position));
  }
}

const isGone = (error: unknown): boolean => error instanceof DistributionError && error.code === 'topic.not_found';
