import type { LanePosition } from '@distributary/distribution-core';
import type { WireMessage } from './connection.js';

interface Told {
  readonly topic: string;
  readonly partition: number;
  readonly epoch: string;
  readonly position: string;
}

/** A frame that moves a lane on, as the protocol has it. */
export interface LaneFrame {
  readonly lane: string;
  readonly epoch: string;
  readonly prev: string;
  readonly pos: string;
}

export interface SubscribedFrame {
  readonly feed: number;
  readonly catalog_version: number;
  readonly positions: readonly LanePosition[];
  readonly generation?: number;
}

/** What a client was told of its lanes, and whether each frame follows what was told before. */
export class LaneProgress {
  catalogVersion = -1;
  private lanes = new Map<string, Told>();

  constructor(private readonly onBroken: (text: string) => void) {}

  subscribed({ catalog_version: version, positions }: SubscribedFrame): void {
    this.catalogVersion = version;
    this.lanes = new Map(positions.map((told) => [`${told.topic}#${told.partition}`, told]));
  }

  /** Undefined: nothing is known of the lane. */
  toldIn(lane: string): Told | undefined {
    return this.lanes.get(lane);
  }

  advance({ lane, epoch, prev, pos }: LaneFrame, type: WireMessage['type']): void {
    const told = this.lanes.get(lane);
    // A lane that begins anew begins at its first event.
    const before = told?.epoch === epoch ? told.position : '';
    if (before !== prev) this.onBroken(`${type} of ${lane} ${epoch} goes on from "${prev}" after "${before}"`);
    const at = lane.lastIndexOf('#');
    this.lanes.set(lane, { topic: lane.slice(0, at), partition: Number(lane.slice(at + 1)), epoch, position: pos });
  }

  positions(): LanePosition[] {
    return [...this.lanes.values()];
  }

  /** Another one that goes on from here by itself. */
  copy(): LaneProgress {
    const copy = new LaneProgress(this.onBroken);
    copy.catalogVersion = this.catalogVersion;
    copy.lanes = new Map(this.lanes);
    return copy;
  }
}
