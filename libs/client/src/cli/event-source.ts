import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { UsageError } from './failure.js';

/** A document has to fit into memory; NDJSON has no limit but that of one line. */
const MAX_DOCUMENT_LENGTH = 256 * 1024 * 1024;

/**
 * Events of a JSON object, an array, `{ "events": [...] }` or NDJSON. Lines are given on as they come; a first line that
 * is no whole value means that everything together is one document.
 */
export async function* eventsFrom(input: Readable, name: string, signal?: AbortSignal): AsyncGenerator<unknown> {
  try {
    yield* eventsOf(createInterface({ input, signal, crlfDelay: Number.POSITIVE_INFINITY }), name, signal);
  } finally {
    // A pipe that is left open and unread keeps the process alive.
    input.destroy();
  }
}

async function* eventsOf(lines: AsyncIterable<string>, name: string, signal?: AbortSignal): AsyncGenerator<unknown> {
  let number = 0;
  let isBegun = false;
  const document: string[] = [];
  let length = 0;
  for await (const text of lines) {
    number += 1;
    // What Windows programs write at the begin of a file.
    const line = number === 1 && text.startsWith('\ufeff') ? text.slice(1) : text;
    if (line.trim() === '') continue;
    if (document.length === 0) {
      const values = valuesOf(line);
      if (values !== undefined) yield* values;
      else if (isBegun) throw new UsageError(`${name}:${number}: not JSON`);
      else document.push(line);
    } else {
      document.push(line);
    }
    isBegun = true;
    length += document.length === 0 ? 0 : line.length;
    if (length > MAX_DOCUMENT_LENGTH) throw new UsageError(`${name}: too long for one document, use a line per event`);
  }
  // What was cut off by whoever stopped it is nobody's fault.
  if (document.length === 0 || signal?.aborted === true) return;
  const values = valuesOf(document.join('\n'));
  if (values === undefined) throw new UsageError(`${name}: not JSON`);
  yield* values;
}

/** Undefined for what is not JSON. */
function valuesOf(text: string): readonly unknown[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (Array.isArray(value)) return value;
  const events = typeof value === 'object' && value !== null ? (value as { events?: unknown }).events : undefined;
  return Array.isArray(events) ? events : [value];
}
