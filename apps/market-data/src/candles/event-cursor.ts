import { invalidRequest, type LanePosition } from '@distributary/distribution-core';
import { z } from 'zod';

/** Where a page of events ended. */
export interface EventPlace extends LanePosition {
  readonly timeMicros: number;
}

/** Goes on after `after` in the history as of `ends`. Plain data: it grants nothing. */
export interface EventCursor {
  readonly after: EventPlace;
  readonly ends: readonly LanePosition[];
}

const MAX_LANES = 4096;
const MAX_TEXT = 256 * 1024;
const lanePosition = z.tuple([z.string(), z.int().nonnegative(), z.string(), z.string()]);
const cursorShape = z.object({
  v: z.literal(1),
  t: z.int().nonnegative(),
  a: lanePosition,
  e: z.array(lanePosition).max(MAX_LANES),
});

type Packed = z.infer<typeof lanePosition>;
const pack = ({ topic, partition, epoch, position }: LanePosition): Packed => [topic, partition, epoch, position];
const unpack = ([topic, partition, epoch, position]: Packed): LanePosition => ({ topic, partition, epoch, position });

export function encodeEventCursor({ after, ends }: EventCursor): string {
  const packed = { v: 1, t: after.timeMicros, a: pack(after), e: ends.map(pack) };
  return Buffer.from(JSON.stringify(packed)).toString('base64url');
}

/** `request.invalid` for anything that {@link encodeEventCursor} did not make. */
export function decodeEventCursor(text: string): EventCursor {
  try {
    if (text.length > MAX_TEXT) throw new Error('too long');
    const { t, a, e } = cursorShape.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
    return { after: { ...unpack(a), timeMicros: t }, ends: e.map(unpack) };
  } catch {
    throw invalidRequest([{ path: 'cursor', rule: 'must be the cursor of an earlier page' }]);
  }
}
