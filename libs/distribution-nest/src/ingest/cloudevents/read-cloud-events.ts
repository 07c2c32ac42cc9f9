import type { IncomingHttpHeaders } from 'node:http';
import { CLOUD_EVENT, CLOUD_EVENT_BATCH, type CloudEventInput, cloudEventSchema } from '@distributary/contracts';
import { invalidRequest, type Problem } from '@distributary/distribution-core';
import { pathText } from '../../http/validation.js';

/** A CloudEvent whose data was found to be JSON, or absent. */
export interface CloudEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string | undefined;
  /** ISO 8601. */
  readonly time: string | undefined;
  readonly extensions: Readonly<Record<string, string | number | boolean>>;
  readonly data: unknown;
}

const PREFIX = 'ce-';
const ATTRIBUTES = new Set(Object.keys(cloudEventSchema.shape));
const ATTRIBUTE_NAME = /^[a-z0-9]{1,64}$/;
const MAX_EXTENSIONS = 32;
const MAX_EXTENSION_LENGTH = 1_000;
const MAX_PROBLEMS = 100;
const JSON_TYPE = /^[\w.+-]+\/(json|[\w.-]+\+json)\s*(;|$)/i;

/**
 * The events of a request in any of the three modes of CloudEvents over HTTP; undefined if it is no such request.
 * `request.invalid` with every problem as `events[i].…`.
 */
export function readCloudEvents(headers: IncomingHttpHeaders, body: unknown): readonly CloudEvent[] | undefined {
  const mediaType = headers['content-type']?.split(';', 1)[0].trim().toLowerCase();
  if (mediaType === CLOUD_EVENT) return readAll([body]);
  if (mediaType === CLOUD_EVENT_BATCH) {
    if (!Array.isArray(body)) throw invalidRequest([{ path: 'events', rule: 'a batch must be a list' }]);
    return readAll(body);
  }
  return headers[`${PREFIX}specversion`] === undefined ? undefined : readAll([binary(headers, body)]);
}

/** Attributes are headers and the body is the data, which Fastify takes only as JSON. */
function binary(headers: IncomingHttpHeaders, data: unknown): object {
  const attributes = Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith(PREFIX) && typeof value === 'string' ? [[name.slice(PREFIX.length), decoded(name, value)]] : [],
  );
  return { ...(Object.fromEntries(attributes) as object), data };
}

/** Headers hold what is not printable ASCII as percent-encoded UTF-8, and may be quoted. */
function decoded(name: string, value: string): string {
  const plain = /^".*"$/.test(value) ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value;
  try {
    return plain.replace(/(%[0-9A-Fa-f]{2})+/g, decodeURIComponent);
  } catch {
    throw invalidRequest([{ path: name, rule: 'must be percent-encoded UTF-8' }]);
  }
}

function readAll(inputs: readonly unknown[]): readonly CloudEvent[] {
  const problems: Problem[] = [];
  const events = inputs.flatMap((input, index) => {
    const note = (path: readonly PropertyKey[], rule: string) =>
      problems.push({ path: pathText(['events', index, ...path]), rule });
    const parsed = cloudEventSchema.safeParse(input);
    if (parsed.success) return [cloudEventOf(parsed.data, note)];
    for (const { path, message } of parsed.error.issues) note(path, message);
    return [];
  });
  if (problems.length > 0) throw invalidRequest(problems.slice(0, MAX_PROBLEMS));
  return events;
}

type Note = (path: readonly PropertyKey[], rule: string) => void;

function cloudEventOf(input: CloudEventInput, note: Note): CloudEvent {
  const { id, source, type, subject, time } = input;
  return {
    id,
    source,
    type,
    subject: subject ?? undefined,
    time: time ?? undefined,
    extensions: extensionsOf(input, note),
    data: dataOf(input, note),
  };
}

function extensionsOf(input: CloudEventInput, note: Note): CloudEvent['extensions'] {
  const extensions: [string, string | number | boolean][] = [];
  for (const [name, value] of Object.entries(input)) {
    if (ATTRIBUTES.has(name) || value === null) continue;
    if (!ATTRIBUTE_NAME.test(name)) note([name], 'an attribute must have a name of lower-case letters and digits');
    else if (typeof value === 'boolean' || typeof value === 'number') extensions.push([name, value]);
    else if (typeof value === 'string' && value.length <= MAX_EXTENSION_LENGTH) extensions.push([name, value]);
    else
      note([name], `an extension must be a text of at most ${MAX_EXTENSION_LENGTH} characters, a number or a boolean`);
  }
  if (extensions.length > MAX_EXTENSIONS) note([], `must have at most ${MAX_EXTENSIONS} extensions`);
  return Object.fromEntries(extensions);
}

function dataOf({ data, data_base64: base64, datacontenttype }: CloudEventInput, note: Note): unknown {
  const isGivenTwice = typeof base64 === 'string' && data !== undefined && data !== null;
  if (isGivenTwice) note(['data_base64'], 'must not be there beside data');
  if (typeof datacontenttype === 'string' && !JSON_TYPE.test(datacontenttype)) {
    note(['datacontenttype'], 'must be JSON');
    return undefined;
  }
  if (typeof base64 !== 'string' || isGivenTwice) return data ?? undefined;
  try {
    return JSON.parse(Buffer.from(base64, 'base64').toString('utf8')) as unknown;
  } catch {
    note(['data_base64'], 'must be JSON text in UTF-8');
    return undefined;
  }
}
