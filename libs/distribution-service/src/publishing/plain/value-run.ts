import type { EventScan } from './event-scan.js';
import { bytesOfText } from './plain-json.js';

const HEAD = bytesOfText('{"event_id":"');
const BEFORE_TIME = bytesOfText('","timestamp":"');

/** A body whose events grow more than usual has several runs. */
const MIN_BYTES = 16 * 1024;
/** For which a call into the runtime costs more than a look at each. */
const FEW_BYTES = 64;

/** Where the stored forms of the events of one body come to lie, one behind the other: one allocation for all of them. */
export class ValueRun {
  private bytes: Buffer;
  private start = 0;
  private at = 0;

  constructor(bodyBytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(Math.max(MIN_BYTES, bodyBytes + (bodyBytes >> 1)));
  }

  /**
   * Begins a value with id and time of the event that was scanned last, up to the end of the time. `most`: bytes that follow;
   * `left`: of the body, behind its event.
   */
  begin({ idStart, idEnd, timeStart, timeEnd }: EventScan, body: Uint8Array, most: number, left: number): void {
    const needed = HEAD.length + idEnd - idStart + BEFORE_TIME.length + timeEnd - timeStart + most;
    this.start = this.at;
    if (this.start + needed > this.bytes.length) {
      this.bytes = Buffer.allocUnsafeSlow(Math.max(MIN_BYTES, needed, left));
      this.start = this.at = 0;
    }
    this.add(HEAD);
    this.addPart(body, idStart, idEnd);
    this.add(BEFORE_TIME);
    this.addPart(body, timeStart, timeEnd);
  }

  add(whole: Uint8Array): void {
    if (whole.length <= FEW_BYTES) this.addPart(whole, 0, whole.length);
    else {
      this.bytes.set(whole, this.at);
      this.at += whole.length;
    }
  }

  /** Few bytes at a time. */
  addPart(from: Uint8Array, start: number, end: number): void {
    const { bytes } = this;
    let { at } = this;
    for (let place = start; place < end; place++) bytes[at++] = from[place];
    this.at = at;
  }

  /** What was added since it was begun. */
  end(): Uint8Array {
    const { bytes, start, at } = this;
    return new Uint8Array(bytes.buffer, bytes.byteOffset + start, at - start);
  }
}
