/** Before any character. */
const HASH_A = 0xdeadbeef;
const HASH_B = 0x41c6ce57;

const PRIME_A = 2654435761;
const PRIME_B = 1597334677;

/**
 * 64 bits in two halves that each take in every character and then each other (the scheme known as cyrb53, unshortened).
 * Written to `halves[at]` and the one behind it. `a` and `b`: what is left of a text before it, see {@link hashPrefix}.
 */
export function hashInto(text: string, halves: Uint32Array, at = 0, a = HASH_A, b = HASH_B): void {
  for (let place = 0; place < text.length; place++) {
    const character = text.charCodeAt(place);
    a = Math.imul(a ^ character, PRIME_A);
    b = Math.imul(b ^ character, PRIME_B);
  }
  finish(a, b, halves, at);
}

/** The same of the text that these bytes are in Latin-1. */
export function hashBytesInto(bytes: Uint8Array, start: number, end: number, halves: Uint32Array, at = 0): void {
  let a = HASH_A;
  let b = HASH_B;
  for (let place = start; place < end; place++) {
    a = Math.imul(a ^ bytes[place], PRIME_A);
    b = Math.imul(b ^ bytes[place], PRIME_B);
  }
  finish(a, b, halves, at);
}

/** What many texts begin with, hashed once. */
export function hashPrefix(text: string): { readonly a: number; readonly b: number } {
  let a = HASH_A;
  let b = HASH_B;
  for (let place = 0; place < text.length; place++) {
    const character = text.charCodeAt(place);
    a = Math.imul(a ^ character, PRIME_A);
    b = Math.imul(b ^ character, PRIME_B);
  }
  return { a, b };
}

const single = new Uint32Array(2);

/** 32 bits of the same hash. */
export function hashOf(text: string): number {
  hashInto(text, single);
  return single[0];
}

function finish(a: number, b: number, halves: Uint32Array, at: number): void {
  const low = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  halves[at] = low;
  halves[at + 1] = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
}
