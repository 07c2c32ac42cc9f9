import { stampedEventText } from '../event-text.js';

/** How the events of a body are told apart. */
export type Framing = 'json' | 'ndjson';

interface BodyForm {
  readonly contentType: string;
  bodyOf(events: readonly string[]): string;
}

const FORMS: Readonly<Record<Framing, BodyForm>> = {
  json: { contentType: 'application/json', bodyOf: (events) => `[${events.join(',')}]` },
  ndjson: { contentType: 'application/x-ndjson', bodyOf: (events) => events.map((event) => `${event}\n`).join('') },
};

export interface TemplateOptions {
  readonly path: string;
  readonly framing: Framing;
  readonly topic: string;
  /** Start of every event id. */
  readonly run: string;
  readonly eventsPerPost: number;
}

/** Sequences begin here, so that all of a run have as many digits: seven of base 36, ten of base 10. */
const FIRST = 36 ** 6;
const KEYS = 16;
const DIGITS = Buffer.from('0123456789abcdefghijklmnopqrstuvwxyz');

/**
 * One request with all its bytes, of which only the sequences of the events change from post to post: what is measured is
 * not the making of JSON.
 */
export class PostTemplate {
  readonly bytes: Buffer;
  private readonly idEnds: readonly number[];
  private readonly valueEnds: readonly number[];

  constructor({ path, framing, topic, run, eventsPerPost }: TemplateOptions) {
    const { contentType, bodyOf } = FORMS[framing];
    const sequences = Array.from({ length: eventsPerPost }, (_, place) => FIRST + place);
    const events = sequences.map((sequence) =>
      stampedEventText({ topic, run, sequence, stampMicros: 0, key: sequence % KEYS }),
    );
    const body = bodyOf(events);
    this.bytes = Buffer.from(
      `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: ${contentType}\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    this.idEnds = sequences.map((sequence) => this.endOf(run + sequence.toString(36)));
    this.valueEnds = sequences.map((sequence) => this.endOf(String(sequence)));
  }

  /** Makes it the post of the events from the `first` on; a run's events are counted from 0. */
  number(first: number): void {
    for (let place = 0; place < this.idEnds.length; place++) {
      const sequence = FIRST + first + place;
      this.write(sequence, 36, this.idEnds[place]);
      this.write(sequence, 10, this.valueEnds[place]);
    }
  }

  private endOf(text: string): number {
    return this.bytes.indexOf(text) + text.length;
  }

  /** As many digits as stand there. */
  private write(sequence: number, base: number, end: number): void {
    const count = base === 36 ? 7 : 10;
    for (let at = end - 1, rest = sequence; at >= end - count; at--) {
      const higher = Math.floor(rest / base);
      this.bytes[at] = DIGITS[rest - higher * base];
      rest = higher;
    }
  }
}
