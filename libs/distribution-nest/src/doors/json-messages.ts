import type { DataFrame, Lane, PositionFrame, SessionMessage, SnapshotFrame } from '@distributary/distribution-core';
import { wireLaneName, wireMessage } from './tenant-names.js';

const CLOSE_ARRAY = Buffer.from(']}');
const COMMA = Buffer.from(',');

/** The JSON text of the stream protocol's messages, as parts to be framed: events are copied, never parsed. */
export function dataMessage(frame: DataFrame): Uint8Array[] {
  const { lane, conflation, single } = frame;
  const told =
    conflation === undefined
      ? ''
      : `"merged":${conflation.merged},"merged_exact":${conflation.mergedExact},"left":${JSON.stringify(conflation.left)},`;
  const head =
    `{"type":"data","timestamp":"${isoTime(frame.timeMicros)}","payload":{"feed":${frame.feed},${laneText(lane)}` +
    `"prev":"${frame.prev}","pos":"${frame.pos}",${told}${singleText(single)}${droppedText(frame)}"events":[`;
  const parts: Uint8Array[] = [Buffer.from(head)];
  for (const run of frame.runs) parts.push(run.batch.runOf(run.from, run.to));
  if (parts.length > 1) parts[parts.length - 1] = withoutComma(parts[parts.length - 1]);
  parts.push(CLOSE_ARRAY, END);
  return parts;
}

/** The first attempt is not mentioned. */
function singleText(single: DataFrame['single']): string {
  if (single === undefined) return '';
  const attempt = single.attempt > 1 ? `"attempt":${single.attempt},` : '';
  return `${attempt}"positions":${JSON.stringify(single.positions)},`;
}

/** What a transformation did not let out; nothing of it is mentioned where there is none. */
const droppedText = ({ dropped }: Pick<DataFrame, 'dropped'>): string =>
  dropped === undefined ? '' : `"dropped":${dropped},`;

const END = Buffer.from('}');

/** Values lie in their batch with a comma after each; the last one of an array has none. */
function withoutComma(run: Uint8Array): Uint8Array {
  return run.subarray(0, run.length - 1);
}

/** Of lanes that are read at the moment: the same text goes into every frame of each feed. */
const laneTexts = new WeakMap<Lane, string>();

function laneText(lane: Lane): string {
  const known = laneTexts.get(lane);
  if (known !== undefined) return known;
  const text = `"lane":${JSON.stringify(wireLaneName(lane))},"epoch":"${lane.epoch}",`;
  laneTexts.set(lane, text);
  return text;
}

export function positionMessage({ feed, lane, prev, pos, timeMicros }: PositionFrame): Uint8Array[] {
  const text =
    `{"type":"position","timestamp":"${isoTime(timeMicros)}",` +
    `"payload":{"feed":${feed},${laneText(lane)}"prev":"${prev}","pos":"${pos}"}}`;
  return [Buffer.from(text)];
}

export function snapshotMessage({ feed, lane, pos, values, dropped, isLast, timeMicros }: SnapshotFrame): Uint8Array[] {
  const head =
    `{"type":"snapshot","timestamp":"${isoTime(timeMicros)}","payload":{"feed":${feed},${laneText(lane)}"pos":"${pos}",` +
    `"last":${isLast},${droppedText({ dropped })}"events":[`;
  const parts: Uint8Array[] = [Buffer.from(head)];
  values.forEach((value, index) => {
    if (index > 0) parts.push(COMMA);
    parts.push(value);
  });
  parts.push(CLOSE_ARRAY, END);
  return parts;
}

export function sessionMessage(told: SessionMessage, timeMicros: number): Uint8Array[] {
  const { type, payload } = wireMessage(told);
  return [message(type, payload, timeMicros)];
}

function message(type: string, payload: unknown, timeMicros: number): Buffer {
  return Buffer.from(JSON.stringify({ type, timestamp: isoTime(timeMicros), payload }));
}

let lastMs = Number.NaN;
let lastIso = '';

/** Frames of one round of flushes bear the same millisecond. */
export function isoTime(micros: number): string {
  const ms = Math.trunc(micros / 1000);
  if (ms !== lastMs) {
    lastIso = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastIso;
}
