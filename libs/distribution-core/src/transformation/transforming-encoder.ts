import { MAX_FRAME_BYTES } from '../fan-out/feed.js';
import type { DataFrame, FrameEncoder, Run, SnapshotFrame } from '../fan-out/outlet.js';
import { runBytes } from '../fan-out/runs.js';
import { laneName } from '../lane.js';
import type { LanePosition, Position } from '../position.js';
import type { TransformedEvents } from './transformed-events.js';

/**
 * Frames of transformed events, in the encoding of `inner`. Its name tells it from others, so those who want the same
 * transformation share a feed: each event is transformed once for all of them. What does not go out is counted in the
 * frame that it would have been in; positions stay those of the lane.
 */
export function transformingEncoder(inner: FrameEncoder, events: TransformedEvents): FrameEncoder {
  return {
    name: `${inner.name} ${events.compiled.fingerprint}`,
    carriesBytes: inner.carriesBytes === true,
    data: (frame) => joined(framesOf(frame, events).map((part) => inner.data(part))),
    position: (frame) => inner.position(frame),
    snapshot: (frame) => inner.snapshot(snapshotOf(frame, events)),
    mark: (mark) => inner.mark(mark),
  };
}

const joined = (buffers: readonly Buffer[]): Buffer => (buffers.length === 1 ? buffers[0] : Buffer.concat(buffers));

/** One frame, or more if the events have become much larger. */
function framesOf(frame: DataFrame, events: TransformedEvents): DataFrame[] {
  const frames: DataFrame[] = [];
  // Its positions belong to its events, one by one: nothing may be missing, and nothing is split.
  const isSingle = frame.single !== undefined;
  let runs: Run[] = [];
  let bytes = 0;
  let dropped = 0;
  let { prev } = frame;
  const close = (pos: Position, isLast: boolean) => {
    const eventCount = runs.reduce((sum, { from, to }) => sum + to - from, 0);
    frames.push({
      ...frame,
      prev,
      pos,
      runs,
      eventCount,
      ...(dropped > 0 && { dropped }),
      ...(!isLast && { positions: () => positionsAt(frame, pos), conflation: undefined }),
    });
    prev = pos;
    runs = [];
    bytes = 0;
    dropped = 0;
  };
  for (const original of frame.runs) {
    const made = events.run(original, frame.lane, isSingle);
    dropped += made.dropped;
    if (made.run === undefined) continue;
    const size = runBytes(made.run);
    if (isSingle || bytes + size <= MAX_FRAME_BYTES) {
      runs.push(made.run);
      bytes += size;
      continue;
    }
    const { batch } = made.run;
    let from = 0;
    for (let at = 0; at < batch.count; at++) {
      const eventBytes = batch.bytesOf(at, at + 1);
      if (bytes > 0 && bytes + eventBytes > MAX_FRAME_BYTES) {
        if (at > from) runs.push({ batch, from, to: at });
        const last = runs[runs.length - 1];
        close(last.batch.positions.at(last.to - 1), false);
        from = at;
      }
      bytes += eventBytes;
    }
    runs.push({ batch, from, to: batch.count });
  }
  close(frame.pos, true);
  return frames;
}

/** What the feed has told, as far as this part of the frame. */
function positionsAt({ lane, positions }: DataFrame, pos: Position): readonly LanePosition[] {
  return positions().map((told) =>
    laneName(told) === laneName(lane) && told.epoch === lane.epoch ? { ...told, position: pos } : told,
  );
}

function snapshotOf(frame: SnapshotFrame, events: TransformedEvents): SnapshotFrame {
  const values = frame.values.map((value) => events.value(value)).filter((value) => value !== undefined);
  const dropped = frame.values.length - values.length;
  return { ...frame, values, ...(dropped > 0 && { dropped }) };
}
