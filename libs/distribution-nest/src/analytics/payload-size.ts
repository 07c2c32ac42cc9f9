const MAX_DEPTH = 6;
const NUMBER_BYTES = 8;

/** About how many bytes a message holds: texts and binary by length, whatever its encoding adds left out. */
export function payloadSize(value: unknown, depth = 0): number {
  if (typeof value === 'string') return value.length;
  if (value instanceof Uint8Array) return value.length;
  if (typeof value === 'number' || typeof value === 'bigint') return NUMBER_BYTES;
  if (typeof value === 'boolean') return 1;
  if (typeof value !== 'object' || value === null || depth >= MAX_DEPTH) return 0;
  let size = 0;
  if (Array.isArray(value)) {
    for (const item of value) size += payloadSize(item, depth + 1);
    return size;
  }
  for (const name in value) size += name.length + payloadSize((value as Record<string, unknown>)[name], depth + 1);
  return size;
}
