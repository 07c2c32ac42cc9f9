/** Room that must lie before the bytes that are read, for the piece of a frame's header that was left from before. */
export const HEADROOM_BYTES = 32;

export interface Http2Sink {
  /** Bytes [from, to) of the stream. */
  data(buffer: Buffer, from: number, to: number): void;
  /** The peer's settings wait for an acknowledgement. */
  settings(): void;
  /** A view. */
  ping(payload: Buffer): void;
  /** The stream, or the connection, has ended. */
  end(): void;
}

const HEADER_BYTES = 9;
const PING_BYTES = 8;
const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const PING = 6;
const GOAWAY = 7;
const END_STREAM = 1;
const ACK = 1;

/**
 * The receiving half of an HTTP/2 client with one stream that is cheap per byte. Headers are not looked at: whether
 * events come is what counts. No padding is expected, because gRPC servers send none.
 */
export class Http2Reader {
  private rest: Buffer | undefined;
  /** Of a frame's payload that is still to come; passed on if it is data. */
  private remaining = 0;
  private isData = false;
  private endsStream = false;

  constructor(private readonly sink: Http2Sink) {}

  /** Reads [from, to) of `buffer`, which is used again afterwards. Bytes before `from` are overwritten. */
  read(buffer: Buffer, from: number, to: number): void {
    let at = from;
    if (this.rest !== undefined) {
      at -= this.rest.length;
      this.rest.copy(buffer, at);
      this.rest = undefined;
    }
    while (at < to) {
      if (this.remaining > 0) {
        const end = Math.min(to, at + this.remaining);
        if (this.isData) this.sink.data(buffer, at, end);
        this.remaining -= end - at;
        at = end;
        if (this.remaining === 0 && this.endsStream) this.sink.end();
        continue;
      }
      const needed = HEADER_BYTES + (to - at > 3 && buffer[at + 3] === PING ? PING_BYTES : 0);
      if (to - at < needed) {
        this.rest = Buffer.from(buffer.subarray(at, to));
        return;
      }
      this.begin(buffer, at);
      at += HEADER_BYTES;
    }
  }

  private begin(buffer: Buffer, at: number): void {
    const type = buffer[at + 3];
    const flags = buffer[at + 4];
    this.remaining = buffer.readUIntBE(at, 3);
    this.isData = type === DATA;
    this.endsStream = (type === DATA || type === HEADERS) && (flags & END_STREAM) !== 0;
    if (type === SETTINGS && (flags & ACK) === 0) this.sink.settings();
    if (type === PING && (flags & ACK) === 0) {
      this.sink.ping(buffer.subarray(at + HEADER_BYTES, at + HEADER_BYTES + PING_BYTES));
    }
    if (type === RST_STREAM || type === GOAWAY || (this.endsStream && this.remaining === 0)) this.sink.end();
  }
}
