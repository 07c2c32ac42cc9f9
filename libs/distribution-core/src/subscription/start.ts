import type { Cursor } from '../cursor.js';
import type { LaneState } from '../fan-out/lane-state.js';
import type { StartResolver } from '../fan-out/attachments.js';
import type { Log } from '../ports/log.port.js';
import { laneName } from '../lane.js';
import { BEFORE_FIRST, type LanePosition } from '../position.js';
import type { RememberedStart } from './subscription.js';

/** Where a subscription begins. */
export type Start =
  | { readonly at: 'latest' }
  | { readonly at: 'earliest' }
  | { readonly at: 'snapshot' }
  | { readonly at: 'cursor'; readonly cursor: Cursor }
  | { readonly at: 'time'; readonly micros: number };

/** What a durable subscription remembers of where it was to begin. */
export function remembered(start: Start | undefined): { readonly start?: RememberedStart } {
  switch (start?.at) {
    case 'earliest':
      return { start: 'earliest' };
    case 'cursor':
    case 'time':
      return { start: 'position' };
    default:
      return {};
  }
}

/** Where a durable subscription of which no position is stored begins for who asks for `wanted`. */
export function firstStart(wanted: Start | undefined, { start }: { readonly start?: RememberedStart }): Start {
  return wanted ?? (start === 'earliest' ? { at: 'earliest' } : { at: 'latest' });
}

/** Exactly one of them is told: everything since the cursor, the latest values instead, or neither (with gaps). */
export type Recovered = 'full' | 'snapshot' | 'none';

/** A lane whose position of the cursor is not to be had. */
export interface LostLane {
  readonly state: LaneState;
  readonly reason: 'epoch';
}

/** Resolves one {@link Start} for the lanes of one subscription and remembers how that went. */
export class StartResolution {
  /** That the cursor names. */
  readonly topics: readonly string[];
  /** Of the cursor; below every version without one. */
  readonly catalogVersion: number;
  private isLossless = true;
  readonly lost: LostLane[] = [];
  private readonly positions: ReadonlyMap<string, LanePosition>;

  constructor(
    private readonly start: Start,
    private readonly log: Log,
  ) {
    const positions = start.at === 'cursor' ? start.cursor.positions : [];
    this.positions = new Map(positions.map((position) => [laneName(position), position]));
    this.topics = [...new Set(positions.map(({ topic }) => topic))];
    this.catalogVersion = start.at === 'cursor' ? start.cursor.catalogVersion : -1;
  }

  get recovered(): Recovered {
    if (this.start.at === 'snapshot') return 'snapshot';
    return this.start.at === 'cursor' && this.isLossless ? 'full' : 'none';
  }

  readonly startOf: StartResolver = async (state) => {
    switch (this.start.at) {
      case 'latest':
      case 'snapshot':
        return 'live';
      case 'earliest':
        return (await this.ends(state)).beforeFirst;
      case 'time': {
        const { topic, lane } = state;
        const found = await this.log.seek(topic.brokerName, lane.partition, this.start.micros);
        const { beforeFirst } = await this.ends(state);
        return found < beforeFirst ? beforeFirst : found;
      }
      case 'cursor':
        return this.resume(state, this.start.cursor);
    }
  };

  /**
   * Of the lanes that the cursor names and the selection still has, those that are no more, by the lanes that there are.
   * Their topics are gone: nothing comes of them, and what had come after the cursor is lost.
   */
  ended(present: readonly LanePosition[], isSelected: (topic: string) => boolean): LanePosition[] {
    const lanes = new Set(present.map(laneName));
    const ended = [...this.positions.values()].filter((at) => !lanes.has(laneName(at)) && isSelected(at.topic));
    if (ended.length > 0) this.isLossless = false;
    return ended;
  }

  private async resume(state: LaneState, cursor: Cursor) {
    const position = this.positions.get(laneName(state.lane));
    if (position === undefined) {
      return state.topic.catalogVersion > cursor.catalogVersion ? BEFORE_FIRST : 'live';
    }
    if (position.epoch !== state.lane.epoch) {
      this.isLossless = false;
      this.lost.push({ state, reason: 'epoch' });
      // What retention has taken of the new life already is a gap of its own.
      return BEFORE_FIRST;
    }
    // The tail of another process was faster. What the broker does not have at all is not waited for.
    if (position.position > state.segments.end) {
      const { last } = await this.ends(state);
      if (position.position > last) {
        this.isLossless = false;
        return last;
      }
    }
    // Within the segments nothing is lost; only what is older needs a look at the broker.
    if (!state.segments.holds(position.position) && position.position < (await this.ends(state)).beforeFirst) {
      this.isLossless = false;
    }
    return position.position;
  }

  private async ends(state: LaneState) {
    return (await this.log.ends(state.topic.brokerName))[state.lane.partition];
  }
}
