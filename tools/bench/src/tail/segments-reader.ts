import { FanOut, type Log, MatchIndex, noMetrics } from '@distributary/distribution-core';
import { SystemClock } from '@distributary/distribution-nest';
import { TOPIC } from './tail-events.js';
import type { TailMeter } from './tail-meter.js';

const REWIND_MS = 24 * 3_600_000;

/**
 * As the service reads: each lane tailed once, into segments, without the copies that the dedupe window finds. Nobody is
 * subscribed; one consumer in process wants the events of a filter, which all of them pass.
 */
export async function readIntoSegments(log: Log, meter: TailMeter): Promise<void> {
  const fanOut = new FanOut({ log, clock: new SystemClock(), metrics: noMetrics, limits: { rewindMs: REWIND_MS } });
  const index = new MatchIndex();
  const filter = { op: 'eq', attribute: 'service', value: 'bench' } as const;
  index.add(1, { topicPatterns: [TOPIC.name], keyPatterns: [], filter });
  let matched = 0;
  const visit = (_id: number, _indexes: Uint32Array | undefined, count: number): void => {
    matched += count;
  };
  fanOut.onBatch = ({ state, batch, skip }) => {
    matched = 0;
    index.match(state.lane.topic, batch, skip, visit);
    // With a comma behind each.
    meter.take(matched, batch.bytesOf(0, batch.count) - batch.count);
  };
  try {
    await fanOut.setTopics([TOPIC]);
    await fanOut.pin([TOPIC.name]);
    await meter.ended;
  } finally {
    await fanOut.stop();
  }
}
