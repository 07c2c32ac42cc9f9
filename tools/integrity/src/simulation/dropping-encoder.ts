import type { DataFrame, FrameEncoder } from '@distributary/distribution-core';

/** Every so many frames of a mutated fan-out lack their last event. */
const DROP_EVERY = 6;

export function droppingEncoder(encoder: FrameEncoder): FrameEncoder {
  let frames = 0;
  return {
    ...encoder,
    data: (frame) => encoder.data(++frames % DROP_EVERY === 0 ? withoutLast(frame) : frame),
  };
}

function withoutLast(frame: DataFrame): DataFrame {
  const runs = [...frame.runs];
  const last = runs.pop();
  if (last === undefined) return frame;
  if (last.to - last.from > 1) runs.push({ ...last, to: last.to - 1 });
  return { ...frame, runs, eventCount: frame.eventCount - 1 };
}
