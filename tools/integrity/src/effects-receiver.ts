import fs from 'node:fs';
import type { DataPayload, SubscribedPayload } from '@distributary/contracts';
import { encodeCursor, type LanePosition } from '@distributary/distribution-core';
import WebSocket from 'ws';

/**
 * A receiver that is killed at any moment: `effects-receiver.js <cursor|idempotent> <file> <url> <name> <topic> <run>`.
 *
 * - `cursor` appends a line with the effects of a frame and the cursor behind them: one act, since half a line counts for
 *   nothing. It subscribes with its own cursor; the service keeps nothing for it.
 * - `idempotent` appends the ids of its effects to a file and leaves out those that are there. It is a durable subscription,
 *   and acknowledges after the file is on the disk.
 */
const [kind, file, url, name, topic, run] = process.argv.slice(2);
const SUBSCRIPTION = 'effects';

interface Line {
  readonly effects: readonly string[];
  readonly catalogVersion: number;
  readonly positions: readonly LanePosition[];
}

const positions = new Map<string, LanePosition>();
let catalogVersion = -1;
const done = new Set<string>();
let generation = 0;

const lines = keptLines();
if (kind === 'cursor' && lines.length > 0) {
  const last = JSON.parse(lines[lines.length - 1]) as Line;
  catalogVersion = last.catalogVersion;
  for (const position of last.positions) positions.set(laneOf(position), position);
}
if (kind === 'idempotent') for (const id of lines) done.add(id);

connect();

function connect(): void {
  const socket = new WebSocket(url);
  socket.on('open', () => subscribe(socket));
  socket.on('error', () => undefined);
  socket.on('close', () => setTimeout(connect, 100));
  socket.on('message', (data: Buffer) => {
    const { type, payload } = JSON.parse(data.toString()) as { type: string; payload: unknown };
    if (type === 'subscribed') subscribed(payload as SubscribedPayload);
    else if (type === 'data') take(socket, payload as DataPayload);
    else if (type === 'error') setTimeout(() => socket.readyState === WebSocket.OPEN && subscribe(socket), 200);
  });
}

function subscribe(socket: WebSocket): void {
  const start =
    kind === 'cursor' && positions.size > 0
      ? { cursor: encodeCursor({ catalogVersion, positions: [...positions.values()] }) }
      : 'earliest';
  const durable = { name, delivery_guarantee: 'exactly_once' };
  send(socket, 'subscribe', {
    id: SUBSCRIPTION,
    patterns: [topic],
    slow_policy: 'block',
    start,
    ...(kind === 'idempotent' && durable),
  });
}

function subscribed(payload: SubscribedPayload): void {
  generation = payload.generation ?? 0;
  catalogVersion = payload.catalog_version;
  positions.clear();
  for (const position of payload.positions) positions.set(laneOf(position), position);
}

function take(socket: WebSocket, { lane, epoch, pos, events }: DataPayload): void {
  const at = lane.lastIndexOf('#');
  const position = { topic: lane.slice(0, at), partition: Number(lane.slice(at + 1)), epoch, position: pos };
  positions.set(lane, position);
  const ids = (events as { event_id: string }[])
    .map(({ event_id }) => event_id)
    .filter((id) => id.startsWith(`${run}.`));
  if (kind === 'cursor') {
    const line: Line = { effects: ids, catalogVersion, positions: [...positions.values()] };
    append(`${JSON.stringify(line)}\n`);
    return;
  }
  const fresh = ids.filter((id) => !done.has(id));
  for (const id of fresh) done.add(id);
  if (fresh.length > 0) append(`${fresh.join('\n')}\n`);
  send(socket, 'ack', { id: SUBSCRIPTION, generation, positions: [position] });
}

/** The last line may be half written: what it says has not happened. */
function keptLines(): string[] {
  if (!fs.existsSync(file)) return [];
  const text = fs.readFileSync(file, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  fs.truncateSync(file, Buffer.byteLength(whole));
  return whole.split('\n').filter((line) => line !== '');
}

function append(text: string): void {
  const handle = fs.openSync(file, 'a');
  fs.writeSync(handle, text);
  fs.fsyncSync(handle);
  fs.closeSync(handle);
}

function send(socket: WebSocket, type: string, payload: unknown): void {
  socket.send(JSON.stringify({ type, payload }));
}

function laneOf(position: Pick<LanePosition, 'topic' | 'partition'>): string {
  return `${position.topic}#${position.partition}`;
}
