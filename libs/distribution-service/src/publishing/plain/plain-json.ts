const [SPACE, QUOTE, BACKSLASH] = [0x20, 0x22, 0x5c];
const [MINUS, POINT, DIGIT_0, DIGIT_9] = [0x2d, 0x2e, 0x30, 0x39];

/** Of the bytes of a figure: beyond, it may be more than a number holds. */
const MAX_FIGURE = 24;

/** Of a text without escapes, from behind its opening quote: where the closing one is. -1: it is no such text, or too long. */
export function textEnd(bytes: Uint8Array, start: number, maxBytes: number): number {
  const last = start + maxBytes;
  for (let at = start; at <= last; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) return at;
    // Beyond the end of the bytes there is nothing, which is not at least a space either.
    if (!(byte >= SPACE) || byte === BACKSLASH) return -1;
  }
  return -1;
}

/** Behind a number without an exponent; -1 if there is none. */
export function figureEnd(bytes: Uint8Array, start: number): number {
  let at = bytes[start] === MINUS ? start + 1 : start;
  const first = at;
  while (bytes[at] >= DIGIT_0 && bytes[at] <= DIGIT_9) at++;
  if (at === first || (bytes[first] === DIGIT_0 && at > first + 1)) return -1;
  if (bytes[at] === POINT) {
    const point = at++;
    while (bytes[at] >= DIGIT_0 && bytes[at] <= DIGIT_9) at++;
    if (at === point + 1) return -1;
  }
  return at - start <= MAX_FIGURE ? at : -1;
}

export const bytesOfText = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

/** Whether `own` stands at `start`, up to `end`. */
export function isSame(own: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (own.length !== end - start) return false;
  for (let at = 0; at < own.length; at++) if (own[at] !== bytes[start + at]) return false;
  return true;
}

export const copyOf = (bytes: Uint8Array, start: number, end: number): Uint8Array =>
  Uint8Array.from(bytes.subarray(start, end));

/** `__proto__`, `constructor.prototype`: the parser of whole bodies refuses them. */
const SUSPICIOUS = /__proto__|constructor/;

/** Undefined if it is no JSON, or none that the parser of whole bodies would take. */
export function parsedObject(text: string): unknown {
  if (SUSPICIOUS.test(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
