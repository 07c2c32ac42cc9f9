import { isAscii, isUtf8 } from 'node:buffer';
import type { Clock, IdSource } from '@distributary/distribution-core';
import type { PlainEvents, PublishedEvent } from '@distributary/distribution-service';
import { MAX_EVENT_BYTES } from '../monitoring-event.js';
import { type MetricKind, MetricKinds } from './metric-kinds.js';
import { MetricScan } from './metric-scan.js';
import { MetricTemplate } from './metric-template.js';

const HEAD = Uint8Array.from(Buffer.from('{"event_id":"'));
const BEFORE_TIME = Uint8Array.from(Buffer.from('","timestamp":"'));
/** Values of one body lie behind each other; a body whose events grow more than usual has several such runs. */
const MIN_RUN_BYTES = 16 * 1024;
/** Of a kind: as many producers may write it, each in its own way. */
const MAX_TEMPLATES = 2;
/** After so many events that were written in no known way, a kind is looked at again with one of so many. */
const PATIENCE = 8;
const SELDOM = 256;

/**
 * Reads metrics as nearly all of them are written (see {@link MetricScan}) without parsing them: their stored form is made of
 * the producer's own bytes. What it makes of an event is, as JSON, what the schema makes of it; a property test holds it
 * to that.
 */
export class MetricReader {
  private readonly kinds: MetricKinds;
  /** What the last body began with: the next one may begin so, too. */
  private readonly beginning: Beginning = { template: undefined };

  constructor(clock: Clock, ids: IdSource) {
    this.kinds = new MetricKinds(clock, ids);
  }

  /** Undefined if the body is not UTF-8. */
  open(body: Buffer): PlainEvents | undefined {
    return isUtf8(body) ? new BodyReader(body, this.kinds, this.beginning) : undefined;
  }
}

interface Beginning {
  template: MetricTemplate | undefined;
}

class BodyReader implements PlainEvents {
  end = 0;
  private isBegun = false;
  private last: MetricTemplate | undefined;
  private readonly scan = new MetricScan();
  private readonly isAscii: boolean;
  private run: Buffer;
  private runEnd = 0;

  constructor(
    private readonly body: Buffer,
    private readonly kinds: MetricKinds,
    private readonly beginning: Beginning,
  ) {
    this.isAscii = isAscii(body);
    this.run = Buffer.allocUnsafeSlow(Math.max(MIN_RUN_BYTES, body.length + (body.length >> 1)));
  }

  read(start: number): PublishedEvent | undefined {
    const { body, scan } = this;
    const expected = this.isBegun ? this.last?.next : this.beginning.template;
    let end = expected === undefined ? -1 : expected.read(body, start, scan);
    let kind = expected?.kind;
    if (end >= 0) {
      this.last = expected;
      this.isBegun = true;
    } else {
      end = scan.scan(body, start);
      if (end < 0) return undefined;
      kind = this.kinds.of(scan, body);
      if (kind === undefined) return undefined;
      this.expect(templateOf(kind, body, scan, start, end));
    }
    if (kind === undefined || end - start + kind.middle.length + kind.tail.length > MAX_EVENT_BYTES) return undefined;
    this.end = end;
    const { idStart, idEnd } = scan;
    return {
      topic: kind.topic,
      record: {
        // Not cut out of one text of the body, which would live as long as the last of its ids.
        eventId: body.toString(this.isAscii ? 'latin1' : 'utf8', idStart, idEnd),
        timeMicros: scan.timeMicros,
        routingKey: kind.routingKey,
        attributes: kind.attributes,
        value: this.valueOf(kind),
      },
    };
  }

  /** It comes behind the one before again, or at the beginning. */
  private expect(template: MetricTemplate | undefined): void {
    if (!this.isBegun) this.beginning.template = template;
    else if (this.last !== undefined) this.last.next = template;
    this.last = template;
    this.isBegun = true;
  }

  private valueOf({ middle, tail }: MetricKind): Uint8Array {
    const { scan, body } = this;
    const idBytes = scan.idEnd - scan.idStart;
    const timeBytes = scan.timeEnd - scan.timeStart;
    const dataBytes = scan.dataEnd - scan.dataStart;
    const bytes = HEAD.length + idBytes + BEFORE_TIME.length + timeBytes + middle.length + dataBytes + tail.length;
    if (this.runEnd + bytes > this.run.length) {
      this.run = Buffer.allocUnsafeSlow(Math.max(MIN_RUN_BYTES, bytes, body.length - this.end));
      this.runEnd = 0;
    }
    const { run } = this;
    const start = this.runEnd;
    let at = copy(HEAD, 0, HEAD.length, run, start);
    at = copy(body, scan.idStart, scan.idEnd, run, at);
    at = copy(BEFORE_TIME, 0, BEFORE_TIME.length, run, at);
    at = copy(body, scan.timeStart, scan.timeEnd, run, at);
    run.set(middle, at);
    at += middle.length;
    at = copy(body, scan.dataStart, scan.dataEnd, run, at);
    run.set(tail, at);
    this.runEnd = at + tail.length;
    return new Uint8Array(run.buffer, run.byteOffset + start, bytes);
  }
}

/** That of the event that was scanned last. */
function templateOf(
  kind: MetricKind,
  body: Buffer,
  scan: MetricScan,
  start: number,
  end: number,
): MetricTemplate | undefined {
  const { templates } = kind;
  // Where something else is another one in each event, to look for it is in vain.
  if (kind.misses > PATIENCE && kind.misses++ % SELDOM !== 0) return undefined;
  const known = templates.find((template) => template.read(body, start, scan) === end);
  if (known !== undefined) {
    kind.misses = 0;
    return known;
  }
  kind.misses++;
  const template = MetricTemplate.of(kind, body, scan, start, end);
  if (template === undefined) return undefined;
  if (templates.push(template) > MAX_TEMPLATES) templates.shift();
  return template;
}

/** So few bytes that a call into the runtime would cost more. */
function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): number {
  let next = at;
  for (let place = start; place < end; place++) to[next++] = from[place];
  return next;
}
