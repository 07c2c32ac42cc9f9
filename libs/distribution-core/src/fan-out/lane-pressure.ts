import type { Feed } from './feed.js';
import type { LaneState } from './lane-state.js';

/** How the subscriptions of this process keep up with one lane. */
export interface LanePressure {
  /** By the catalog's name. */
  readonly topic: string;
  readonly partition: number;
  readonly subscribers: number;
  /** Served from the past. */
  readonly behind: number;
  /** Sent nothing until their receivers have confirmed something. */
  readonly blocked: number;
  /** Written to their connections, which may carry other lanes as well, and not confirmed. */
  readonly pendingBytes: number;
}

type Counted = { -readonly [Field in Exclude<keyof LanePressure, 'topic' | 'partition'>]: LanePressure[Field] };

/** Of the lanes that are subscribed to, at most so many. Made when asked for: nothing of it is kept. */
export function lanePressures(feeds: Iterable<Feed>, maxLanes: number): LanePressure[] {
  const lanes = new Map<LaneState, Counted>();
  for (const feed of feeds) {
    const pressure = pressureOf(feed);
    for (const state of feed.lanes.keys()) {
      const known = lanes.get(state);
      if (known !== undefined) add(known, pressure);
      else if (lanes.size < maxLanes) lanes.set(state, { ...pressure });
    }
  }
  return [...lanes].map(([{ topic, lane }, counted]) => ({ topic: topic.name, partition: lane.partition, ...counted }));
}

function pressureOf(feed: Feed): Counted {
  const counted = { subscribers: feed.memberCount, behind: feed.behind.size, blocked: 0, pendingBytes: 0 };
  for (const member of feed.live) counted.pendingBytes += member.outlet.unconfirmedBytes;
  for (const member of feed.behind) {
    counted.pendingBytes += member.outlet.unconfirmedBytes;
    if (!member.hasRoom) counted.blocked++;
  }
  return counted;
}

function add(to: Counted, more: Counted): void {
  to.subscribers += more.subscribers;
  to.behind += more.behind;
  to.blocked += more.blocked;
  to.pendingBytes += more.pendingBytes;
}
