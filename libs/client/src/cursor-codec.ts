import type { WireLanePosition } from '@distributary/contracts';
import { DistributaryError } from './errors.js';

/** Where a subscription stands in all of its lanes. */
export interface Cursor {
  readonly catalogVersion: number;
  readonly positions: readonly WireLanePosition[];
}

const PREFIX = 'v1.';
const MAX_CURSOR_LENGTH = 64 * 1024;

type Lane = [partition: number, epoch: string, position: string];
type Wire = [catalogVersion: number, topics: [topic: string, lanes: Lane[]][]];

/** `v1.` + base64url of JSON: `[catalogVersion, [[topic, [[partition, epoch, position], …]], …]]`; the same text as the service writes. */
export function encodeCursor(cursor: Cursor): string {
  const topics = new Map<string, Lane[]>();
  for (const { topic, partition, epoch, position } of cursor.positions) {
    const lanes = topics.get(topic) ?? [];
    lanes.push([partition, epoch, position]);
    topics.set(topic, lanes);
  }
  const wire: Wire = [cursor.catalogVersion, [...topics]];
  return PREFIX + toBase64Url(new TextEncoder().encode(JSON.stringify(wire)));
}

/** Throws `request.invalid` for text that is no cursor. Only the service can say whether its positions still exist. */
export function decodeCursor(text: string): Cursor {
  if (text.length > MAX_CURSOR_LENGTH || !text.startsWith(PREFIX)) throw invalid();
  let wire: unknown;
  try {
    wire = JSON.parse(new TextDecoder().decode(fromBase64Url(text.slice(PREFIX.length))));
  } catch (cause) {
    throw invalid(cause);
  }
  if (!isWire(wire)) throw invalid();
  const positions = wire[1].flatMap(([topic, lanes]) =>
    lanes.map(([partition, epoch, position]) => ({ topic, partition, epoch, position })),
  );
  return { catalogVersion: wire[0], positions };
}

const invalid = (cause?: unknown) => new DistributaryError('request.invalid', 'not a cursor', { cause });

// Not one spread call: a cursor of many lanes would exceed the engine's limit of arguments.
function toBase64Url(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function fromBase64Url(text: string): Uint8Array {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function isWire(value: unknown): value is Wire {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    Number.isSafeInteger(value[0]) &&
    Array.isArray(value[1]) &&
    value[1].every(
      (topic) =>
        Array.isArray(topic) && typeof topic[0] === 'string' && Array.isArray(topic[1]) && topic[1].every(isLane),
    )
  );
}

const isLane = (lane: unknown): lane is Lane =>
  Array.isArray(lane) &&
  Number.isSafeInteger(lane[0]) &&
  lane[0] >= 0 &&
  typeof lane[1] === 'string' &&
  typeof lane[2] === 'string';
