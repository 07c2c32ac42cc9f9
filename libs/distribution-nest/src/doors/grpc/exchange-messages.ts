import { isUtf8 } from 'node:buffer';
import { invalidRequest, type SessionMessage } from '@distributary/distribution-core';
import { isoTime } from '../json-messages.js';
import { filterOfText, parseJson, transformationOfText } from '../json-text.js';
import { wireMessage } from '../tenant-names.js';
import type { StreamCommand } from '../stream-connection.js';

type Fields = Readonly<Record<string, unknown>>;

/** What proto-loader makes of a `ClientMessage`: the name of the field that is set, and that field. */
export type WireClientMessage = { readonly payload?: StreamCommand } & Fields;

/** A command as the other transports have it. Undefined for a message of a later version. Throws `request.invalid`. */
export function commandOf(message: WireClientMessage): { type: StreamCommand; payload: unknown } | undefined {
  const type = message.payload;
  if (type === undefined) return undefined;
  const fields = message[type] as Fields;
  switch (type) {
    case 'subscribe':
    case 'history':
      return { type, payload: selectionFieldsOf(fields) };
    case 'ack':
    case 'nack':
      return { type, payload: { generation: 0, ...fields, ...lanesOf(fields, 'positions'), ...lanesOf(fields, 'at') } };
    case 'publish':
      return { type, payload: { ...fields, events: eventsOf(fields.events) } };
    case 'ping':
      return { type, payload: fields.echo };
    default:
      return { type, payload: fields };
  }
}

/** `start`, `filter` and `transformation` in their JSON shapes. */
export function selectionFieldsOf(fields: Fields): Fields {
  const { start, filter, transformation, ...others } = fields;
  return {
    ...others,
    ...(typeof filter === 'string' && filter !== '' && { filter: filterOfText(filter) }),
    ...(typeof transformation === 'string' && { transformation: transformationOfText(transformation) }),
    ...(start !== undefined && { start: startOf(start as Fields) }),
  };
}

/** Each one JSON text. */
export function eventsOf(events: unknown): unknown[] {
  if (!Array.isArray(events)) return [];
  return (events as Uint8Array[]).map((bytes, index) => {
    const path = `events[${index}]`;
    if (!isUtf8(bytes)) throw invalidRequest([{ path, rule: 'must be UTF-8' }]);
    return parseJson(Buffer.from(bytes).toString(), path);
  });
}

/** A `ServerMessage` for proto-loader to encode: the payload under its type; what is free-form JSON there is text here. */
export function serverMessageOf(told: SessionMessage, timeMicros: number): Fields {
  const { type, payload } = wireMessage(told);
  return { timestamp: isoTime(timeMicros), [type]: wirePayloadOf(type, payload as Fields) };
}

function wirePayloadOf(type: SessionMessage['type'], payload: Fields): Fields {
  if (type === 'pong') return { ...payload, echo: payload.echo === undefined ? undefined : textOf(payload.echo) };
  if (type === 'history') {
    return { ...payload, events: (payload.events as unknown[]).map((event) => Buffer.from(JSON.stringify(event))) };
  }
  return payload;
}

function textOf(echo: unknown): string {
  return typeof echo === 'string' ? echo : JSON.stringify(echo);
}

function startOf(start: Fields): unknown {
  if (start.cursor !== undefined) return { cursor: start.cursor };
  return start.time === undefined ? start.at : { time: start.time };
}

/** Zeros and empty texts are not on the wire. */
function lanesOf(fields: Fields, name: 'positions' | 'at'): Fields {
  const lanes = fields[name];
  if (!Array.isArray(lanes) || lanes.length === 0) return { [name]: undefined };
  return {
    [name]: (lanes as Fields[]).map((lane) => ({ topic: '', partition: 0, epoch: '', position: '', ...lane })),
  };
}
