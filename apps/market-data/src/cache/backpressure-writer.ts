import type { LanePressure } from '@distributary/distribution-core';
import type { BackpressureInfo, DistributionCache } from './distribution-cache.js';

export interface BackpressureWriterDependencies {
  readonly cache: Pick<DistributionCache, 'backpressure' | 'putBackpressure'>;
  /** Of at most so many lanes that are subscribed to. */
  readonly pressures: (maxLanes: number) => readonly LanePressure[];
  readonly process: string;
}

const MAX_LANES = 1_000;
const AT_ONCE = 200;
const BADNESS: Readonly<Record<BackpressureInfo['state'], number>> = { flowing: 0, behind: 1, blocked: 2 };

/**
 * Writes how the lanes that this process distributes keep up. Where another process sees worse, its word stays, for as long
 * as that process says so.
 */
export class BackpressureWriter {
  constructor(private readonly deps: BackpressureWriterDependencies) {}

  async step(): Promise<void> {
    const lanes = this.deps.pressures(MAX_LANES);
    for (let at = 0; at < lanes.length; at += AT_ONCE) {
      await Promise.all(lanes.slice(at, at + AT_ONCE).map((lane) => this.write(lane)));
    }
  }

  private async write({ topic, partition, ...counted }: LanePressure): Promise<void> {
    const { cache, process } = this.deps;
    const info = { process, state: stateOf(counted), ...counted };
    const known = await cache.backpressure(topic, partition);
    if (known !== undefined && known.process !== process && BADNESS[known.state] > BADNESS[info.state]) return;
    await cache.putBackpressure(topic, partition, info);
  }
}

function stateOf({ behind, blocked }: Pick<LanePressure, 'behind' | 'blocked'>): BackpressureInfo['state'] {
  if (blocked > 0) return 'blocked';
  return behind > 0 ? 'behind' : 'flowing';
}
