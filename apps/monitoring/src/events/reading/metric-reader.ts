import type { Clock, IdSource } from '@distributary/distribution-core';
import { PlainBody, type PlainEvents, type PublishedEvent } from '@distributary/distribution-service';
import { MAX_EVENT_BYTES } from '../monitoring-event.js';
import { type MetricKind, MetricKinds } from './metric-kinds.js';
import { MetricScan } from './metric-scan.js';
import { MetricTemplate } from './metric-template.js';

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

  open(body: Buffer): PlainEvents {
    return new MetricBody(body, this.kinds, this.beginning);
  }
}

interface Beginning {
  template: MetricTemplate | undefined;
}

class MetricBody extends PlainBody<MetricScan> {
  private isBegun = false;
  private last: MetricTemplate | undefined;

  constructor(
    body: Buffer,
    private readonly kinds: MetricKinds,
    private readonly beginning: Beginning,
  ) {
    super(body, new MetricScan());
  }

  override read(start: number): PublishedEvent | undefined {
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
    return {
      topic: kind.topic,
      record: {
        eventId: this.eventId(),
        timeMicros: scan.timeMicros,
        routingKey: kind.routingKey,
        attributes: kind.attributes,
        value: this.storedForm(kind),
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

  private storedForm({ middle, tail }: MetricKind): Uint8Array {
    const { scan, body } = this;
    const run = this.beginValue(middle.length + scan.dataEnd - scan.dataStart + tail.length);
    run.add(middle);
    run.addPart(body, scan.dataStart, scan.dataEnd);
    run.add(tail);
    return run.end();
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
