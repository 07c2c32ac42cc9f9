import {
  DistributionError,
  type EncodedTopic,
  type EventRecord,
  isObject,
  type Json,
  type JsonObject,
  type Problem,
  type ReadDocument,
} from '@distributary/distribution-core';
import { type ExactJson, readJson } from './exact-json.js';
import type { EventReader, PublishedEvent } from './published-event.js';

/** A document of a topic that others write, as its producer would have published it there. */
export type PublishedForm = (document: JsonObject, record: EventRecord, topic: EncodedTopic) => object;

/**
 * Reads JSON documents of topics that others write by the reader of what is published, so that the same rules hold. Id and time
 * are the record's where the document says none: whoever reads it again finds the same event.
 */
export function documentReader(reader: EventReader, publishedForm: PublishedForm): ReadDocument {
  return (record, document, topic) => {
    let exact: ExactJson;
    try {
      exact = readJson(Buffer.from(document).toString('utf8'), reader.keepsDigits, JSON.parse);
    } catch {
      return 'payload_unreadable';
    }
    const value = exact.value as Json;
    if (!isObject(value) || exact.rounded.length > 0) return 'event_invalid';
    const event = readOne(reader, publishedForm(value, record, topic));
    if (event === undefined) return 'event_invalid';
    const attributes = { ...record.attributes, ...event.record.attributes };
    return { ...record, ...event.record, attributes };
  };
}

function readOne(reader: EventReader, input: unknown): PublishedEvent | undefined {
  const problems: Problem[] = [];
  try {
    return reader.read(input, 0, problems);
  } catch (error) {
    if (error instanceof DistributionError && error.code === 'payload.too_large') return undefined;
    throw error;
  }
}
