import { invalidRequest } from './errors/distribution-error.js';
import { type LanePosition, MAX_POSITION_BYTES } from './position.js';

/**
 * Where a subscription stands in all of its lanes: plain data that the client builds from the positions it was sent,
 * the same on every transport and process. Not a right: it is validated and authorised at every subscribe.
 */
export interface Cursor {
  /** The catalog's version when the subscription began; a lane that is newer starts at its first event. */
  readonly catalogVersion: number;
  readonly positions: readonly LanePosition[];
}

const PREFIX = 'v1.';
export const MAX_CURSOR_LENGTH = 64 * 1024;

type Wire = [
  catalogVersion: number,
  topics: [topic: string, lanes: [partition: number, epoch: string, position: string][]][],
];

/** `v1.` + base64url of JSON: `[catalogVersion, [[topic, [[partition, epoch, position], …]], …]]`. */
export function encodeCursor(cursor: Cursor): string {
  const topics = new Map<string, [number, string, string][]>();
  for (const { topic, partition, epoch, position } of cursor.positions) {
    const lanes = topics.get(topic) ?? [];
    lanes.push([partition, epoch, position]);
    topics.set(topic, lanes);
  }
  const wire: Wire = [cursor.catalogVersion, [...topics]];
  return PREFIX + Buffer.from(JSON.stringify(wire)).toString('base64url');
}

/** `request.invalid` at `path` for anything that {@link encodeCursor} could not have made. */
export function decodeCursor(text: string, path = 'cursor'): Cursor {
  const refuse = (rule: string) => invalidRequest([{ path, rule }]);
  if (text.length > MAX_CURSOR_LENGTH) throw refuse(`must be at most ${MAX_CURSOR_LENGTH} characters`);
  if (!text.startsWith(PREFIX)) throw refuse('must start with "v1."');
  let wire: unknown;
  try {
    wire = JSON.parse(Buffer.from(text.slice(PREFIX.length), 'base64url').toString('utf8'));
  } catch {
    throw refuse('must be base64url of JSON after "v1."');
  }
  if (!isWire(wire)) throw refuse('must hold a catalog version and a list of lane positions');
  const positions = wire[1].flatMap(([topic, lanes]) =>
    lanes.map(([partition, epoch, position]) => ({ topic, partition, epoch, position })),
  );
  return { catalogVersion: wire[0], positions };
}

function isWire(value: unknown): value is Wire {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    Number.isSafeInteger(value[0]) &&
    Array.isArray(value[1]) &&
    value[1].every(
      (topic) =>
        Array.isArray(topic) &&
        typeof topic[0] === 'string' &&
        Array.isArray(topic[1]) &&
        topic[1].every(
          (lane) =>
            Array.isArray(lane) &&
            Number.isSafeInteger(lane[0]) &&
            lane[0] >= 0 &&
            typeof lane[1] === 'string' &&
            typeof lane[2] === 'string' &&
            lane[2].length <= MAX_POSITION_BYTES,
        ),
    )
  );
}
