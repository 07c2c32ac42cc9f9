import { KEY_SEPARATOR } from '../matching/key-pattern.js';

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** The part of a routing key that keeps its events together and in order: `AAPL` of `AAPL.NASDAQ.trade`. */
export function orderingKeyOf(routingKey: string): string {
  const end = routingKey.indexOf(KEY_SEPARATOR);
  return end < 0 ? routingKey : routingKey.slice(0, end);
}

/**
 * 32-bit FNV-1a over the UTF-8 bytes of the ordering key modulo the partitions, after one more mix (its low
 * bits alone follow the key's last character too closely). Stable for
 * ever: events already in a lane and those to come must agree on it, across processes and versions.
 */
export function partitionOf(routingKey: string, partitions: number): number {
  if (partitions === 1) return 0;
  const hash = fnv1a(orderingKeyOf(routingKey));
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return ((mixed ^ (mixed >>> 13)) >>> 0) % partitions;
}

function fnv1a(text: string): number {
  let hash = FNV_OFFSET;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character > 0x7f) return fnv1aOfBytes(Buffer.from(text, 'utf8'));
    hash = Math.imul(hash ^ character, FNV_PRIME);
  }
  return hash >>> 0;
}

function fnv1aOfBytes(bytes: Uint8Array): number {
  let hash = FNV_OFFSET;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, FNV_PRIME);
  return hash >>> 0;
}
