import { fieldOf, isObject, type Json, type JsonObject, setField } from './json-value.js';

/** What the envelope says of the event, whatever the steps made of it. */
export interface EnvelopeFacts {
  readonly id: Json;
  readonly time: Json;
  readonly topic: string;
  readonly key: string;
  readonly type: string;
  readonly source: string;
}

/** The attributes of the specification, which metadata must not replace. */
const OWN = new Set([
  'specversion',
  'id',
  'source',
  'type',
  'subject',
  'time',
  'datacontenttype',
  'dataschema',
  'data',
  'topic',
]);
const MAX_EXTENSION_NAME = 20;

/** Of a stored event, before the steps. */
export function envelopeFacts(event: JsonObject): EnvelopeFacts {
  const distribution = fieldOf(event, 'distribution') ?? null;
  const metadata = fieldOf(event, 'metadata') ?? null;
  const topic = textOf(distribution, 'topic', 'unknown');
  return {
    id: fieldOf(event, 'event_id') ?? '',
    time: fieldOf(event, 'timestamp') ?? null,
    topic,
    key: textOf(distribution, 'routing_key', ''),
    type: `distributary.${textOf(event, 'data_type', 'event').toLowerCase()}`,
    source: `/${topic.split('/')[0]}/${uriPart(textOf(metadata, 'source_service', 'unknown'))}`,
  };
}

/**
 * CloudEvents 1.0, structured JSON: `data` is the event's data, scalar metadata are extension attributes. Several of
 * them in a JSON list are the batch format.
 */
export function cloudEventOf(facts: EnvelopeFacts, event: JsonObject): JsonObject {
  const made: Record<string, Json> = { specversion: '1.0', id: facts.id, source: facts.source, type: facts.type };
  if (facts.time !== null) made.time = facts.time;
  if (facts.key !== '') made.subject = facts.key;
  made.topic = facts.topic;
  const metadata = fieldOf(event, 'metadata');
  if (isObject(metadata)) {
    for (const name of Object.keys(metadata)) {
      const value = metadata[name];
      const extension = name
        .toLowerCase()
        .replace(/[^a-z0-9]/g, '')
        .slice(0, MAX_EXTENSION_NAME);
      const isScalar = typeof value === 'string' || typeof value === 'boolean' || isSmallInteger(value);
      if (isScalar && extension !== '' && !OWN.has(extension)) setField(made, extension, value);
    }
  }
  const data = fieldOf(event, 'data');
  made.datacontenttype = 'application/json';
  made.data = data ?? event;
  return made;
}

/** Through bytes, since half of a character is no part of a URI. */
const uriPart = (text: string): string => encodeURIComponent(Buffer.from(text).toString());

/** The only numbers that attributes may be. */
function isSmallInteger(value: Json): boolean {
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 31;
}

function textOf(container: Json, name: string, otherwise: string): string {
  const value = isObject(container) ? fieldOf(container, name) : undefined;
  return typeof value === 'string' ? value : otherwise;
}
