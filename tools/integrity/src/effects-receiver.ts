import fs from 'node:fs';
import type { DataPayload, SubscribedPayload } from '@distributary/contracts';
import { encodeCursor, type LanePosition } from '@distributary/distribution-core';
import WebSocket from 'ws';

/**
 * A receiver that is killed at any moment: `effects-receiver.js <cursor|idempotent> <file> <url> <name> <topic> <run>`.
 *
 * - `cursor` keeps effects and cursor in one file, written whole beside it and renamed over it: one act. It subscribes with
 *   its own cursor; the service keeps nothing for it.
 * - `idempotent` appends the ids of its effects to a file and leaves out those that are there. It is a durable subscription,
 *   and acknowledges after the file is on the disk.
 */
const [kind, file, url, name, topic, run] = process.argv.slice(2);
const SUBSCRIPTION = 'effects';

interface Kept {
  effects: string[];
  catalogVersion: number;
  positions: LanePosition[];
}

const positions = new Map<string, LanePosition>();
let kept: Kept = { effects: [], catalogVersion: -1, positions: [] };
const done = new Set<string>();
let generation = 0;

if (kind === 'cursor' && fs.existsSync(file)) {
  kept = JSON.parse(fs.readFileSync(file, 'utf8')) as Kept;
  for (const position of kept.positions) positions.set(laneOf(position), position);
}
if (kind === 'idempotent' && fs.existsSync(file)) {
  // The last line may be half written: that effect has not happened.
  const text = fs.readFileSync(file, 'utf8');
  fs.truncateSync(file, text.lastIndexOf('\n') + 1);
  for (const id of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) if (id !== '') done.add(id);
}

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
  const { catalogVersion } = kept;
  const start =
    kind === 'cursor' && kept.positions.length > 0
      ? { cursor: encodeCursor({ catalogVersion, positions: kept.positions }) }
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
  kept.catalogVersion = payload.catalog_version;
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
    kept = { ...kept, effects: [...kept.effects, ...ids], positions: [...positions.values()] };
    writeWhole(JSON.stringify(kept));
    return;
  }
  const fresh = ids.filter((id) => !done.has(id));
  for (const id of fresh) done.add(id);
  if (fresh.length > 0) append(`${fresh.join('\n')}\n`);
  send(socket, 'ack', { id: SUBSCRIPTION, generation, positions: [position] });
}

function writeWhole(text: string): void {
  const beside = `${file}.new`;
  const handle = fs.openSync(beside, 'w');
  fs.writeSync(handle, text);
  fs.fsyncSync(handle);
  fs.closeSync(handle);
  fs.renameSync(beside, file);
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
