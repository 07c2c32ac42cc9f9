import type { Feed } from './feed.js';
import type { Member } from './member.js';

/** One attached subscription, as of now. */
export interface SubscriptionState {
  /** The id that the client chose; not unique over clients. */
  readonly subscriptionId: string;
  readonly tenant: string;
  readonly feed: number;
  readonly state: Member['state'];
  readonly isSlow: boolean;
  /** Events written to it since it was attached. */
  readonly sentEvents: number;
  /** Events that its feed was sent and it was not; undefined if that is not known. */
  readonly lagEvents: number | undefined;
  readonly unconfirmedBytes: number;
}

/** All members of the feeds. Made when asked for: nothing of it is kept. */
export function* subscriptionStates(feeds: Iterable<Feed>): Generator<SubscriptionState> {
  for (const feed of feeds) {
    const tenant = tenantOf(feed);
    for (const member of feed.live) yield stateOf(member, feed, tenant);
    for (const member of feed.behind) yield stateOf(member, feed, tenant);
  }
}

function stateOf(member: Member, feed: Feed, tenant: string): SubscriptionState {
  return {
    subscriptionId: member.options.subscriptionId,
    tenant,
    feed: feed.id,
    state: member.state,
    isSlow: member.isSlow,
    sentEvents: member.sentEvents,
    lagEvents: member.state === 'live' ? 0 : lagOf(member, feed),
    unconfirmedBytes: member.outlet.unconfirmedBytes,
  };
}

function lagOf(member: Member, feed: Feed): number | undefined {
  let lag = 0;
  for (const lane of feed.lanes.values()) {
    const missed = member.reachedIn(lane) >= lane.told ? 0 : member.missedIn(lane);
    if (missed === undefined) return undefined;
    lag += missed;
  }
  return lag;
}

/** A feed never spans tenants: its patterns are qualified. */
function tenantOf(feed: Feed): string {
  for (const { topic } of feed.lanes.keys()) return topic.tenant;
  return '';
}
