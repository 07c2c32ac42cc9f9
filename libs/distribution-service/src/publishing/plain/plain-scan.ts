import { HASH_START, hashWith } from './byte-hash.js';

const [SPACE, QUOTE, COMMA, COLON, BACKSLASH] = [0x20, 0x22, 0x2c, 0x3a, 0x5c];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Of the name of a field. */
const MAX_NAME = 100;
/** Of an object that is only measured: what is longer is hardly the same in many events. */
const MAX_OBJECT = 1_024;

/**
 * One look at the bytes of events that are written in the plainest of ways: JSON on one line, texts without escapes, only the
 * fields that are known, each once. It says where things stand, and makes neither objects nor texts. Whatever is written in
 * another way is no error here: it is left to the schema. The bytes must be UTF-8.
 *
 * Places are offsets into the bytes; -1 stands for what is not written in this way.
 */
export abstract class PlainScan {
  protected bytes: Uint8Array = new Uint8Array();
  /** Of the text that was read last: behind its opening quote. */
  protected textStart = 0;
  /** Of the bytes of the text or object that was read last. */
  protected hash = HASH_START;
  /** Parts of the object that was read last. */
  protected found = 0;

  /** A bit for the field of this name, in the object of this level; 0: it is not known. */
  protected abstract partAt(level: number, start: number, end: number): number;
  /** Reads the value of a part; where it ends. */
  protected abstract value(level: number, part: number, at: number): number;

  /** An object with known fields, one at least. Where it ends. */
  protected fields(level: number, start: number): number {
    const { bytes } = this;
    this.found = 0;
    if (bytes[start] !== OPEN_BRACE) return -1;
    let at = start;
    let found = 0;
    do {
      const nameEnd = this.text(this.blanks(at + 1), MAX_NAME);
      const nameStart = this.textStart;
      at = this.colon(nameEnd);
      if (at < 0) return -1;
      const part = this.partAt(level, nameStart, nameEnd - 1);
      if (part === 0 || (found & part) !== 0) return -1;
      found |= part;
      at = this.value(level, part, at);
      if (at < 0) return -1;
      at = this.blanks(at);
    } while (bytes[at] === COMMA);
    this.found = found;
    return bytes[at] === CLOSE_BRACE ? at + 1 : -1;
  }

  /** Its bytes are hashed from quote to quote. Behind its closing quote; -1 also if it is too long. */
  protected text(at: number, maxBytes: number): number {
    const { bytes } = this;
    if (bytes[at] !== QUOTE) return -1;
    const start = at + 1;
    this.textStart = start;
    const last = start + maxBytes;
    let hash = HASH_START;
    for (let end = start; end <= last; end++) {
      const byte = bytes[end];
      if (byte === QUOTE) {
        this.hash = hash;
        return end + 1;
      }
      // Beyond the end of the bytes there is nothing, which is not at least a space either.
      if (!(byte >= SPACE) || byte === BACKSLASH) return -1;
      hash = hashWith(hash, byte);
    }
    return -1;
  }

  /** As {@link text}, but of one byte at least. */
  protected word(at: number, maxBytes: number): number {
    const end = this.text(at, maxBytes);
    return end - 1 > this.textStart ? end : -1;
  }

  /**
   * Hashed from brace to brace. Behind its closing brace, if it is JSON, which is for others to say; -1 if it has no end, or
   * comes too late.
   */
  protected object(start: number): number {
    const { bytes } = this;
    if (bytes[start] !== OPEN_BRACE) return -1;
    const last = start + MAX_OBJECT;
    let hash = HASH_START;
    let depth = 0;
    let isText = false;
    for (let at = start; at < last; at++) {
      const byte = bytes[at];
      if (!(byte >= SPACE) || byte === BACKSLASH) return -1;
      hash = hashWith(hash, byte);
      if (byte === QUOTE) isText = !isText;
      else if (isText) continue;
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
      else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) {
        this.hash = hash;
        return at + 1;
      }
    }
    return -1;
  }

  protected colon(at: number): number {
    if (at < 0) return -1;
    const colon = this.blanks(at);
    return this.bytes[colon] === COLON ? this.blanks(colon + 1) : -1;
  }

  protected blanks(at: number): number {
    let next = at;
    while (this.bytes[next] === SPACE) next++;
    return next;
  }

  /** Whether this word begins at `start`. */
  protected is(word: Uint8Array, start: number): boolean {
    for (let at = 0; at < word.length; at++) if (this.bytes[start + at] !== word[at]) return false;
    return true;
  }
}
