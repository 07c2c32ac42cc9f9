import { figureEnd, MAX_PLAIN_ID, microsOfIsoBytes, textEnd } from '@distributary/distribution-service';
import type { MetricKind } from './metric-kinds.js';
import type { MetricScan } from './metric-scan.js';

/** What may be another one in each event. */
type Part = 'id' | 'time' | 'figure';

/** Longer ones are seldom the same, and thousands of them are kept. */
const MAX_BYTES = 1_024;
const MAX_TIME = 40;
/** For which a call into the runtime costs more than a look at each. */
const FEW_BYTES = 48;

/**
 * An event that was read, but for its id, its time and its figures: whatever has the same bytes around others of those is read
 * the same way, and needs no second look at what its bytes say. A producer writes its metrics one like the other, and again and
 * again in the same order.
 */
export class MetricTemplate {
  /** What came behind it the last time. */
  next: MetricTemplate | undefined;

  private constructor(
    readonly kind: MetricKind,
    /** Before, between and behind the parts. */
    private readonly literals: readonly Uint8Array[],
    private readonly parts: readonly Part[],
    /** Where the data begins and ends: in which literal, and how far into it. */
    private readonly data: readonly { readonly literal: number; readonly offset: number }[],
  ) {}

  /** Of the event that was scanned last. Undefined if it is too long. */
  static of(kind: MetricKind, bytes: Uint8Array, scan: MetricScan, start: number, end: number) {
    if (end - start > MAX_BYTES) return undefined;
    const found: (readonly [Part, number, number])[] = [
      ['id', scan.idStart, scan.idEnd],
      ['time', scan.timeStart, scan.timeEnd],
      ['figure', scan.valueStart, scan.valueEnd],
      ['figure', scan.thresholdStart, scan.thresholdEnd],
    ];
    const spans = found.filter(([, from, to]) => to > from).sort(([, one], [, other]) => one - other);
    const starts = [start, ...spans.map(([, , spanEnd]) => spanEnd)];
    const ends = [...spans.map(([, spanStart]) => spanStart), end];
    const placeOf = (at: number) => {
      const literal = starts.findIndex((from, index) => at >= from && at <= ends[index]);
      return { literal, offset: at - starts[literal] };
    };
    return new MetricTemplate(
      kind,
      starts.map((from, index) => Uint8Array.from(bytes.subarray(from, ends[index]))),
      spans.map(([part]) => part),
      [placeOf(scan.dataStart), placeOf(scan.dataEnd)],
    );
  }

  /** The event that begins at `start`, into `scan`. Where it ends; -1 if it is another one, and `scan` is as it was. */
  read(bytes: Buffer, start: number, scan: MetricScan): number {
    const { literals, parts, data } = this;
    let [idStart, idEnd, timeStart, timeEnd, timeMicros, dataStart, dataEnd] = [0, 0, 0, 0, 0, 0, 0];
    let at = start;
    for (let index = 0; ; index++) {
      if (data[0].literal === index) dataStart = at + data[0].offset;
      if (data[1].literal === index) dataEnd = at + data[1].offset;
      at = behind(literals[index], bytes, at);
      if (at < 0) return -1;
      if (index === parts.length) break;
      const from = at;
      switch (parts[index]) {
        case 'id':
          at = textEnd(bytes, from, MAX_PLAIN_ID);
          if (at <= from) return -1;
          idStart = from;
          idEnd = at;
          break;
        case 'time':
          at = textEnd(bytes, from, MAX_TIME);
          timeMicros = at < 0 ? Number.NaN : microsOfIsoBytes(bytes, from, at);
          if (Number.isNaN(timeMicros)) return -1;
          timeStart = from;
          timeEnd = at;
          break;
        case 'figure':
          at = figureEnd(bytes, from);
          if (at < 0) return -1;
      }
    }
    scan.idStart = idStart;
    scan.idEnd = idEnd;
    scan.timeStart = timeStart;
    scan.timeEnd = timeEnd;
    scan.timeMicros = timeMicros;
    scan.dataStart = dataStart;
    scan.dataEnd = dataEnd;
    return at;
  }
}

/** Where it ends if it stands there; -1 if it does not. */
function behind(literal: Uint8Array, bytes: Buffer, start: number): number {
  const end = start + literal.length;
  if (literal.length > FEW_BYTES) {
    return end <= bytes.length && bytes.compare(literal, 0, literal.length, start, end) === 0 ? end : -1;
  }
  for (let at = 0; at < literal.length; at++) if (bytes[start + at] !== literal[at]) return -1;
  return end;
}
