/** Counters of this process, each since its start; a smaller figure than before means that it began anew. */
export interface LaneTraffic {
  readonly topic: string;
  readonly partition: number;
  readonly events: number;
}

export interface ReaderTraffic {
  /** Sessions with a live subscription, and how many of them are behind, now. */
  readonly total: number;
  readonly slow: number;
}

/** One distinct selection, however many subscriptions have it. */
export interface SelectionTraffic {
  /** Stable while it exists. */
  readonly id: string;
  readonly description: string;
  readonly subscriptions: number;
  readonly examined: number;
  readonly matched: number;
}

export interface DistributionTraffic {
  readonly lanes: readonly LaneTraffic[];
  readonly readers: ReaderTraffic;
  readonly selections: readonly SelectionTraffic[];
}

export interface Finding {
  /** Names what it is about, so that the same finding is told once. */
  readonly findingId: string;
  readonly kind: 'hot_lane' | 'slow_readers' | 'idle_selection';
  readonly subject: string;
  readonly explanation: string;
  readonly recommendation: string;
  readonly evidence: Readonly<Record<string, number>>;
}

/** Fewer events than this in a window prove nothing. */
const MIN_EVENTS = 1_000;
const HOT_SHARE = 0.8;
const MIN_SLOW_READERS = 3;
const SLOW_SHARE = 0.2;
const MIN_EXAMINED = 100_000;

/** What two looks at the traffic, `windowMs` apart, show. Each finding carries the numbers that it was read from. */
export function findingsOf(before: DistributionTraffic, now: DistributionTraffic, windowMs: number): Finding[] {
  return [
    ...hotLanes(before.lanes, now.lanes, windowMs),
    ...slowReaders(now.readers),
    ...idleSelections(now.selections),
  ];
}

function hotLanes(before: readonly LaneTraffic[], now: readonly LaneTraffic[], windowMs: number): Finding[] {
  const earlier = new Map(before.map((lane) => [`${lane.topic}#${lane.partition}`, lane.events]));
  const topics = new Map<string, { partition: number; events: number }[]>();
  for (const { topic, partition, events } of now) {
    const since = earlier.get(`${topic}#${partition}`) ?? 0;
    const lanes = topics.get(topic) ?? [];
    lanes.push({ partition, events: events >= since ? events - since : events });
    topics.set(topic, lanes);
  }
  return [...topics].flatMap(([topic, lanes]): Finding[] => {
    const total = lanes.reduce((sum, lane) => sum + lane.events, 0);
    const hottest = lanes.reduce((most, lane) => (lane.events > most.events ? lane : most));
    const share = hottest.events / total;
    if (lanes.length < 2 || total < MIN_EVENTS || share <= HOT_SHARE) return [];
    return [
      {
        findingId: `hot_lane:${topic}#${hottest.partition}`,
        kind: 'hot_lane',
        subject: topic,
        explanation:
          `Lane ${hottest.partition} of ${topic} took ${hottest.events} of ${total} events (${percent(share)}) in the ` +
          `last ${windowMs / 1000} s, though the topic has ${lanes.length} lanes.`,
        recommendation:
          'The first word of the routing key decides the lane: put what varies more, such as the service or instance, first.',
        evidence: {
          lanes: lanes.length,
          events: total,
          hottest_lane_events: hottest.events,
          share,
          window_ms: windowMs,
        },
      },
    ];
  });
}

function slowReaders({ total, slow }: ReaderTraffic): Finding[] {
  const share = slow / total;
  if (slow < MIN_SLOW_READERS || share < SLOW_SHARE) return [];
  return [
    {
      findingId: 'slow_readers',
      kind: 'slow_readers',
      subject: 'sessions',
      explanation: `${slow} of ${total} sessions (${percent(share)}) confirm their data later than it is sent.`,
      recommendation:
        'Ask for less: narrower filters, max_rate, or slow_policy "conflate" where only the newest value counts.',
      evidence: { sessions: total, slow_sessions: slow, share },
    },
  ];
}

function idleSelections(selections: readonly SelectionTraffic[]): Finding[] {
  return selections
    .filter(({ examined, matched }) => matched === 0 && examined >= MIN_EXAMINED)
    .map(({ id, description, subscriptions, examined }) => ({
      findingId: `idle_selection:${id}`,
      kind: 'idle_selection',
      subject: id,
      explanation: `${subscriptions} subscriptions to ${description} got none of the ${examined} events that were examined for them.`,
      recommendation: 'Check the spelling of its topics, keys and values, or end the subscription.',
      evidence: { subscriptions, examined, matched: 0 },
    }));
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
