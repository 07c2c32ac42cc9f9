import type { EventBatch } from '../event-batch.js';

export const PAYLOAD_PREFIXES = ['data.', 'metadata.'] as const;

export const isPayloadPath = (attribute: string): boolean =>
  PAYLOAD_PREFIXES.some((prefix) => attribute.startsWith(prefix));

/** Undefined for what is not there, for null, and for whatever is reached through an array. */
export function readPath(payload: unknown, path: readonly string[]): unknown {
  let value = payload;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) {
      return undefined;
    }
    value = (value as Record<string, unknown>)[name];
  }
  return value ?? undefined;
}

/** A value that is not JSON has no fields. */
export function parsePayload(value: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Parses each payload of a batch at most once, and only those that are asked for. */
export class PayloadReader {
  private batch: EventBatch | undefined;
  private parsed: { readonly payload: unknown }[] = [];

  bind(batch: EventBatch): void {
    this.batch = batch;
  }

  read(index: number, path: readonly string[]): unknown {
    let entry = this.parsed[index];
    if (entry === undefined) {
      entry = { payload: parsePayload((this.batch as EventBatch).valueAt(index)) };
      this.parsed[index] = entry;
    }
    return readPath(entry.payload, path);
  }

  release(): void {
    this.batch = undefined;
    if (this.parsed.length > 0) this.parsed = [];
  }
}
