/** Frames of an HTTP/2 client that opens one stream. */
const STREAM = 1;
const TYPES = { data: 0, headers: 1, settings: 4, ping: 6, windowUpdate: 8 };
const END_STREAM = 0x1;
const ACK = 0x1;
const END_HEADERS = 0x4;
const INITIAL_WINDOW_SIZE = 4;
const DEFAULT_WINDOW_BYTES = 65_535;
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** A server may have this much under way to each stream: about what grpc-go's estimate of the link comes to. */
export const WINDOW_BYTES = 1024 * 1024;

function frame(type: keyof typeof TYPES, flags: number, stream: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = TYPES[type];
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** HPACK's simplest form: literals that go into no table. Texts of up to 126 bytes. */
function headerBlock(headers: Readonly<Record<string, string>>): Buffer {
  const text = (value: string) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value, 'latin1')]);
  const field = ([name, value]: [string, string]) => Buffer.concat([Buffer.from([0]), text(name), text(value)]);
  return Buffer.concat(Object.entries(headers).map(field));
}

/** All that a client says before the server answers: settings, the call's headers, its first message. */
export function openingBytes(authority: string, path: string, request: Buffer, endsItsHalf: boolean): Buffer {
  const settings = Buffer.alloc(6);
  settings.writeUInt16BE(INITIAL_WINDOW_SIZE, 0);
  settings.writeUInt32BE(WINDOW_BYTES, 2);
  const headers = {
    ':method': 'POST',
    ':scheme': 'http',
    ':path': path,
    ':authority': authority,
    te: 'trailers',
    'content-type': 'application/grpc',
  };
  return Buffer.concat([
    PREFACE,
    frame('settings', 0, 0, settings),
    windowUpdate(0, WINDOW_BYTES - DEFAULT_WINDOW_BYTES),
    frame('headers', END_HEADERS, STREAM, headerBlock(headers)),
    frame('data', endsItsHalf ? END_STREAM : 0, STREAM, request),
  ]);
}

export const settingsAck = (): Buffer => frame('settings', ACK, 0, Buffer.alloc(0));
export const pingAck = (payload: Buffer): Buffer => frame('ping', ACK, 0, payload);

function windowUpdate(stream: number, bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frame('windowUpdate', 0, stream, payload);
}

/** So much of the window is free again, for the stream and for the connection. */
export const windowUpdates = (bytes: number): Buffer =>
  Buffer.concat([windowUpdate(0, bytes), windowUpdate(STREAM, bytes)]);
