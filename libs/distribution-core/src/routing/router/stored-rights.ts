import type { LaneRight, LaneRights, RightPlace } from './lane-right.js';
import { acquireStoredRight, type StoredRightDependencies } from '../../duties/stored-right.js';

/** Rights from a store of ownerships: for logs that do not know who works on which lane. */
export class StoredRights implements LaneRights {
  constructor(private readonly deps: StoredRightDependencies) {}

  acquire({ brokerName, partition }: RightPlace): Promise<LaneRight | 'taken'> {
    return acquireStoredRight(`router:${brokerName}#${partition}`, this.deps);
  }

  leave(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
