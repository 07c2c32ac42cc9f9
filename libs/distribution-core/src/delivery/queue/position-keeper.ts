import type { StoredPosition } from '../../ports/cursor-store.port.js';
import type { Log } from '../../ports/log.port.js';

/** Where a queue keeps how far its lanes are dealt with. `store` rejects if it could not; then it is asked again. */
export interface PositionKeeper {
  /** Whether what is dealt with above a position is kept too. */
  readonly keepsAbove: boolean;
  load(): Promise<readonly StoredPosition[]>;
  store(positions: readonly StoredPosition[]): Promise<void>;
}

/** In a group of the log: the positions only, so a restart repeats what was acknowledged out of order. */
export class GroupPositions implements PositionKeeper {
  readonly keepsAbove = false;

  constructor(
    private readonly log: Log,
    private readonly group: string,
  ) {}

  load(): Promise<readonly StoredPosition[]> {
    return this.log.committed(this.group);
  }

  store(positions: readonly StoredPosition[]): Promise<void> {
    const plain = positions.map(({ topic, partition, epoch, position }) => ({ topic, partition, epoch, position }));
    return this.log.commit({ group: this.group, positions: plain });
  }
}
