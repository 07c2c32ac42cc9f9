import type { FrameEncoder, Outlet, Run } from '../fan-out/outlet.js';
import { needsMark } from '../fan-out/private-frames.js';
import type { Lane } from '../lane.js';
import type { Clock } from '../ports/clock.port.js';
import type { Delivery } from '../ports/queue.port.js';
import { BEFORE_FIRST, type Position } from '../position.js';

interface Group {
  readonly lane: Lane;
  readonly attempt: number;
  readonly runs: Run[];
  readonly positions: Position[];
}

/** Frames of events that are acknowledged one by one, for one session: one per lane and number of attempts. */
export class SingleFrames {
  constructor(
    private readonly feed: () => number,
    private readonly outlet: Outlet,
    private readonly encoder: FrameEncoder,
    private readonly clock: Clock,
    private readonly nextMark: () => number,
  ) {}

  /** Returns how many bytes were written. */
  write(deliveries: readonly Delivery[]): number {
    let written = 0;
    for (const { lane, attempt, runs, positions } of groupsOf(deliveries)) {
      const bytes = this.encoder.data({
        feed: this.feed(),
        lane,
        prev: BEFORE_FIRST,
        pos: BEFORE_FIRST,
        runs,
        eventCount: positions.length,
        timeMicros: this.clock.nowMicros(),
        positions: () => [],
        single: { positions, attempt },
      });
      written += bytes.length;
      const mark = needsMark(this.outlet, bytes.length) ? this.nextMark() : 0;
      const markBytes = mark === 0 ? undefined : this.encoder.mark(mark);
      if (markBytes === undefined) this.outlet.write(bytes, 0);
      else this.outlet.write(Buffer.concat([bytes, markBytes]), mark);
    }
    return written;
  }
}

function groupsOf(deliveries: readonly Delivery[]): Iterable<Group> {
  const groups = new Map<string, Group>();
  for (const { batch, index, at, attempt } of deliveries) {
    const key = `${attempt}#${at.topic}#${at.partition}`;
    let group = groups.get(key);
    if (group === undefined) {
      const { topic, partition, epoch } = at;
      group = { lane: { topic, partition, epoch }, attempt, runs: [], positions: [] };
      groups.set(key, group);
    }
    group.positions.push(at.position);
    const last = group.runs[group.runs.length - 1];
    if (last !== undefined && last.batch === batch && last.to === index) {
      group.runs[group.runs.length - 1] = { batch, from: last.from, to: index + 1 };
    } else group.runs.push({ batch, from: index, to: index + 1 });
  }
  return groups.values();
}
