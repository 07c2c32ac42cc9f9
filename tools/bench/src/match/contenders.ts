import {
  compileSelection,
  compileTopicPattern,
  decodeEventBatch,
  densePositions,
  encodeEventBatch,
  type EventBatch,
  MatchIndex,
} from '@distributary/distribution-core';
import qlobber from 'qlobber';
import type { CaseName, MatchEvent, Workload } from './workload.js';

/** What finds the subscriptions of events, ready to run. */
export interface Contender {
  readonly name: string;
  /** Matches the events of the next call's share of the workload; returns how many it matched. */
  step(): { readonly events: number; readonly matches: number };
  /** Subscriptions of one event, ascending. */
  matchesOf(event: MatchEvent): number[];
}

/** The real index, on batches as the log hands them on; all events of a batch are of one topic. */
export function indexContender(workload: Workload, batchSize: number): Contender {
  const index = new MatchIndex();
  workload.selections.forEach((selection, id) => index.add(id, selection));
  const batches = batchesOf(workload.events, batchSize);
  let next = 0;
  let matches = 0;
  const visit = (_id: number, _indexes: Uint32Array | undefined, count: number): void => {
    matches += count;
  };
  return {
    name: `index, batches of ${batchSize}`,
    step() {
      const { topic, batch } = batches[next];
      next = (next + 1) % batches.length;
      matches = 0;
      index.match(topic, batch, undefined, visit);
      return { events: batch.count, matches };
    },
    matchesOf({ topic, record }) {
      const found: number[] = [];
      index.match(topic, batchOf([record]), undefined, (id) => found.push(id));
      return found.sort((a, b) => a - b);
    },
  };
}

/** Every subscription asked for every event: compiled, but one after the other. */
export function linearContender({ selections, events }: Workload): Contender {
  const entries = selections.map((selection) => ({
    patterns: selection.topicPatterns.map((pattern) => compileTopicPattern(pattern)),
    matcher: selection.filter === undefined ? undefined : compileSelection(selection),
  }));
  const isMatch = ({ patterns, matcher }: (typeof entries)[number], { topic, record }: MatchEvent): boolean =>
    patterns.some((pattern) => pattern.matches(topic)) && (matcher?.matchesRecord(topic, record) ?? true);
  let next = 0;
  return {
    name: 'linear scan',
    step() {
      const event = events[next];
      next = (next + 1) % events.length;
      let matches = 0;
      for (const entry of entries) if (isMatch(entry, event)) matches++;
      return { events: 1, matches };
    },
    matchesOf: (event) => entries.flatMap((entry, id) => (isMatch(entry, event) ? [id] : [])),
  };
}

/** The topic matcher of many MQTT brokers for Node; it knows nothing of filters. */
export function qlobberContender({ selections, events }: Workload): Contender {
  const matcher = new qlobber.Qlobber({ separator: '/', wildcard_one: '+', wildcard_some: '#' });
  selections.forEach(({ topicPatterns }, id) => matcher.add(topicPatterns[0], id));
  let next = 0;
  return {
    name: 'qlobber',
    step() {
      const { topic } = events[next];
      next = (next + 1) % events.length;
      return { events: 1, matches: matcher.match(topic).length };
    },
    matchesOf: ({ topic }) => (matcher.match(topic) as number[]).sort((a, b) => a - b),
  };
}

export function contendersOf(name: CaseName, workload: Workload, batchSizes: readonly number[]): Contender[] {
  const indexes = batchSizes.map((size) => indexContender(workload, size));
  return [...indexes, ...(name === 'topics' ? [qlobberContender(workload)] : []), linearContender(workload)];
}

function batchesOf(events: readonly MatchEvent[], size: number): { topic: string; batch: EventBatch }[] {
  const byTopic = new Map<string, MatchEvent[]>();
  const batches: { topic: string; batch: EventBatch }[] = [];
  for (const event of events) {
    const waiting = byTopic.get(event.topic) ?? [];
    byTopic.set(event.topic, waiting);
    waiting.push(event);
    if (waiting.length === size) batches.push({ topic: event.topic, batch: flush(waiting) });
  }
  for (const [topic, waiting] of byTopic) if (waiting.length > 0) batches.push({ topic, batch: flush(waiting) });
  return batches;
}

const flush = (waiting: MatchEvent[]): EventBatch => batchOf(waiting.splice(0).map(({ record }) => record));

const batchOf = (records: MatchEvent['record'][]): EventBatch =>
  decodeEventBatch(
    { topic: 'bench', partition: 0, epoch: 'e' },
    densePositions(0, records.length),
    encodeEventBatch(records, 0),
  );
