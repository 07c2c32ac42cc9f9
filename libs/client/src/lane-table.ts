import type {
  DataPayload,
  GapPayload,
  PositionPayload,
  SnapshotPayload,
  SubscribedPayload,
  WireLanePosition,
} from '@distributary/contracts';
import { encodeCursor } from './cursor-codec.js';
import { DistributaryError } from './errors.js';

/** A message that moves a lane on. */
export type LaneStep =
  | { readonly type: 'data'; readonly payload: DataPayload }
  | { readonly type: 'position'; readonly payload: PositionPayload }
  | { readonly type: 'gap'; readonly payload: GapPayload }
  | { readonly type: 'snapshot'; readonly payload: SnapshotPayload };

interface LaneState {
  readonly topic: string;
  readonly partition: number;
  epoch: string;
  /** What was told last: the `prev` of the next frame. */
  position: string;
  /**
   * While a snapshot is incomplete: where resuming is still right, or 'nowhere'. A cursor that named the snapshot's
   * position already would skip the parts that have not come.
   */
  resume: 'here' | 'nowhere' | { readonly epoch: string; readonly position: string };
}

/** How far a subscription is, lane by lane. The same table follows what was received and what was dealt with. */
export class LaneTable {
  private catalogVersion = 0;
  private isKnown = false;
  private lanes = new Map<string, LaneState>();

  subscribed(payload: SubscribedPayload): void {
    const before = this.lanes;
    this.lanes = new Map();
    this.isKnown = true;
    this.catalogVersion = payload.catalog_version;
    for (const { topic, partition, epoch, position } of payload.positions) {
      const name = `${topic}#${partition}`;
      const resume = payload.recovered === 'snapshot' ? safePlace(before.get(name)) : 'here';
      this.lanes.set(name, { topic, partition, epoch, position, resume });
    }
  }

  /** Every snapshot that was begun is complete. */
  live(): void {
    for (const lane of this.lanes.values()) lane.resume = 'here';
  }

  /** Whether `step` follows what was told before; a lane that is not known yet begins at its first event. */
  follows({ type, payload }: LaneStep): boolean {
    const lane = this.lanes.get(payload.lane);
    if (type === 'snapshot') return true;
    if (type === 'gap') return lane === undefined || lane.epoch !== payload.epoch || payload.from <= lane.position;
    if (lane === undefined) return payload.prev === '';
    return payload.epoch === lane.epoch && payload.prev === lane.position;
  }

  /** A snapshot of the past belongs to another member of the feed. */
  isBehind({ epoch, lane, pos }: SnapshotPayload): boolean {
    const known = this.lanes.get(lane);
    return known !== undefined && known.resume === 'here' && known.epoch === epoch && pos < known.position;
  }

  apply({ type, payload }: LaneStep): void {
    // The cursor before named it, and the catalog's version that came with `subscribed` is later than its end.
    if (type === 'gap' && payload.reason === 'deleted' && !this.lanes.has(payload.lane)) return;
    const lane = this.laneOf(payload.lane, payload.epoch);
    if (type === 'snapshot' && !payload.last) {
      if (lane.resume === 'here') lane.resume = { epoch: lane.epoch, position: lane.position };
    } else if (type !== 'gap') {
      lane.resume = 'here';
    }
    lane.epoch = payload.epoch;
    lane.position = type === 'gap' ? payload.to : payload.pos;
  }

  /** Whether the lane was told at least as far. */
  reaches({ topic, partition, epoch, position }: WireLanePosition): boolean {
    const lane = this.lanes.get(`${topic}#${partition}`);
    return lane !== undefined && lane.epoch === epoch && position <= lane.position;
  }

  positionOf(lane: string): string {
    return this.lanes.get(lane)?.position ?? '';
  }

  /** Whether `payload` would leave out events of a lane that is known. */
  wouldSkip(payload: SubscribedPayload): WireLanePosition | undefined {
    return payload.positions.find(({ topic, partition, epoch, position }) => {
      const lane = this.lanes.get(`${topic}#${partition}`);
      return lane !== undefined && lane.epoch === epoch && position > lane.position;
    });
  }

  /** Where every lane stands; lanes whose snapshot is incomplete stand where they stood before it, or are left out. */
  positions(): WireLanePosition[] {
    const positions: WireLanePosition[] = [];
    for (const lane of this.lanes.values()) {
      const { topic, partition, resume } = lane;
      if (resume === 'nowhere') continue;
      const { epoch, position } = resume === 'here' ? lane : resume;
      positions.push({ topic, partition, epoch, position });
    }
    return positions;
  }

  /** Undefined until the service said where the subscription begins, and while the first snapshot is incomplete. */
  cursor(): string | undefined {
    if (!this.isKnown) return undefined;
    for (const lane of this.lanes.values()) if (lane.resume === 'nowhere') return undefined;
    return encodeCursor({ catalogVersion: this.catalogVersion, positions: this.positions() });
  }

  private laneOf(name: string, epoch: string): LaneState {
    const known = this.lanes.get(name);
    if (known !== undefined) return known;
    const hash = name.lastIndexOf('#');
    const partition = Number(name.slice(hash + 1));
    if (hash <= 0 || hash === name.length - 1 || !Number.isSafeInteger(partition) || partition < 0) {
      throw new DistributaryError('protocol.violation', `not a lane: ${name}`, { retryable: true });
    }
    const lane: LaneState = { topic: name.slice(0, hash), partition, epoch, position: '', resume: 'here' };
    this.lanes.set(name, lane);
    return lane;
  }
}

function safePlace(lane: LaneState | undefined): LaneState['resume'] {
  if (lane === undefined) return 'nowhere';
  return lane.resume === 'here' ? { epoch: lane.epoch, position: lane.position } : lane.resume;
}
