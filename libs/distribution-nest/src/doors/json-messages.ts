import type { DataFrame, Lane, PositionFrame, SessionMessage, SnapshotFrame } from '@distributary/distribution-core';
import { wireLaneName, wireMessage } from './tenant-names.js';

/** Of the list of events, the payload and the message. */
const CLOSE = Buffer.from(']}}');
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
  const { runs } = frame;
  for (let at = 0; at < runs.length; at++) {
    const { batch, from, to } = runs[at];
    parts.push(at < runs.length - 1 ? batch.runOf(from, to) : batch.listOf(from, to));
  }
  parts.push(CLOSE);
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
  parts.push(CLOSE);
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
