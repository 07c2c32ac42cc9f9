/** FNV-1a, a byte at a time: it begins with {@link HASH_START}. */
export const HASH_START = 0x811c9dc5 | 0;
export const hashWith = (hash: number, byte: number): number => Math.imul(hash ^ byte, 0x01000193);
