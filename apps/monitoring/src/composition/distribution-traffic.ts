import type { FanOut } from '@distributary/distribution-core';
import type { DistributionTraffic } from '../optimization/finding.js';

/** What the fan-out has counted, in the words of the findings. */
export function trafficOf(fanOut: FanOut): DistributionTraffic {
  const feeds = fanOut.feedStatistics();
  return {
    lanes: fanOut.laneStates().map(({ lane, eventCount }) => ({
      topic: lane.topic,
      partition: lane.partition,
      events: eventCount,
    })),
    readers: {
      total: feeds.reduce((sum, feed) => sum + feed.members, 0),
      slow: feeds.reduce((sum, feed) => sum + feed.slow, 0),
    },
    selections: feeds.map(({ feed, key, members, examined, matched }) => ({
      id: String(feed),
      description: key,
      subscriptions: members,
      examined,
      matched,
    })),
  };
}
