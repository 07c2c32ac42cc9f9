import type { EventBatch } from '../event-batch.js';
import type { Run } from './outlet.js';

/** Appends every event that `skip` does not mark as runs of neighbours, so that encoding copies once per run. Returns the number of events. */
export function appendUnmarked(runs: Run[], batch: EventBatch, skip: Uint8Array | undefined): number {
  if (skip === undefined) {
    runs.push({ batch, from: 0, to: batch.count });
    return batch.count;
  }
  let events = 0;
  let from = 0;
  for (let at = 0; at <= batch.count; at++) {
    if (at < batch.count && skip[at] === 0) continue;
    if (at > from) {
      runs.push({ batch, from, to: at });
      events += at - from;
    }
    from = at + 1;
  }
  return events;
}

export function runBytes(run: Run): number {
  return run.batch.bytesOf(run.from, run.to);
}

function bytesOf(runs: readonly Run[]): number {
  let bytes = 0;
  for (const run of runs) bytes += runBytes(run);
  return bytes;
}

export const eventsOf = (runs: readonly Run[]): number => runs.reduce((sum, run) => sum + run.to - run.from, 0);

/** Groups of runs of at most about `maxBytes` (one event may be larger). At least one group if there is a run. */
export function splitRuns(runs: readonly Run[], maxBytes: number): (readonly Run[])[] {
  if (bytesOf(runs) <= maxBytes) return runs.length === 0 ? [] : [runs];
  const groups: Run[][] = [];
  let group: Run[] = [];
  let bytes = 0;
  const close = () => {
    if (group.length > 0) groups.push(group);
    group = [];
    bytes = 0;
  };
  for (const run of runs) {
    const size = runBytes(run);
    if (bytes + size <= maxBytes) {
      group.push(run);
      bytes += size;
      continue;
    }
    let from = run.from;
    for (let at = run.from; at < run.to; at++) {
      const eventBytes = run.batch.bytesOf(at, at + 1);
      if (bytes > 0 && bytes + eventBytes > maxBytes) {
        if (at > from) group.push({ batch: run.batch, from, to: at });
        close();
        from = at;
      }
      bytes += eventBytes;
    }
    group.push({ batch: run.batch, from, to: run.to });
  }
  close();
  return groups;
}
