import { type Clock, type IdSource, noMetrics } from '@distributary/distribution-core';
import { FakeClock } from '@distributary/distribution-core/testing';
import fc from 'fast-check';
import type { EventForm } from '../domain.js';
import { EventBodies } from '../publishing/event-bodies.js';
import { readJson } from '../publishing/exact-json.js';
import type { EventReader, PublishedEvent } from '../publishing/published-event.js';

export interface PlainReading {
  /** Of one service. */
  readonly form: EventForm;
  /** Its plain way, new each time. */
  readonly plainReader: (clock: Clock, ids: IdSource) => Required<Pick<EventReader, 'open'>>;
  /** As JSON; most of them written in the plain way. */
  readonly events: fc.Arbitrary<string>;
  /** As JSON, in the plain way: one event of each type that can be written so, and further ones. */
  readonly plain: readonly string[];
  /** What of an event has to be the same besides the meaning of its JSON. */
  readonly exactly?: (event: PublishedEvent) => unknown;
}

/** The value as what it says: its fields may stand in another order, and -0 is 0. */
export const meaningOf = (event: PublishedEvent | undefined) =>
  event && { ...event, record: { ...event.record, value: saidBy(Buffer.from(event.record.value).toString()) } };

const saidBy = (text: string) => JSON.parse(text, (_, value: unknown) => (value === 0 ? 0 : value)) as unknown;

/** What each service keeps that reads events by a scan of their bytes: they are what its schema makes of them. */
export function describePlainReading(name: string, { form, plainReader, events, plain, exactly }: PlainReading): void {
  const clock = new FakeClock();
  let lastId = 0;
  const ids: IdSource = { uuid: () => `id-${++lastId}`, random: () => 0.5 };
  const reader = form.reader({ clock, ids, metrics: noMetrics });

  const byScan = (body: Buffer): PublishedEvent | undefined => {
    // Each time a new one: of those whose kinds are other ones each time it would leave most to the schema.
    const opener = plainReader(clock, ids);
    return new EventBodies({ ...reader, open: (bytes) => opener.open(bytes) }).plainList({
      bytes: body,
      parse: () => undefined,
    })?.[0];
  };

  const bySchema = (text: string): PublishedEvent | undefined => {
    try {
      const { value, rounded } = readJson(text, reader.keepsDigits, JSON.parse);
      return rounded.length > 0 ? undefined : reader.read(value, 0, []);
    } catch {
      return undefined;
    }
  };

  const whatOf = (event: PublishedEvent | undefined) => event && [meaningOf(event), exactly?.(event)];
  const expectAsBySchema = (found: PublishedEvent, text: string) =>
    expect(whatOf(found)).toEqual(whatOf(bySchema(text)));
  const typeOf = (event: PublishedEvent | undefined) => event?.record.attributes.data_type;

  describe(`${name} that are read without being parsed`, () => {
    it('are what the schema makes of them, or left to it', () => {
      const types = plain.map((text) => typeOf(byScan(Buffer.from(text))));
      const counts = new Map(types.map((type) => [type, 0]));
      fc.assert(
        fc.property(events, fc.boolean(), (text, hasBlanks) => {
          const spaced = hasBlanks ? text.replaceAll('":', '" : ').replaceAll(',"', ' , "') : text;
          const found = byScan(Buffer.from(spaced));
          if (found === undefined) return;
          counts.set(typeOf(found), (counts.get(typeOf(found)) ?? 0) + 1);
          expectAsBySchema(found, spaced);
        }),
        { numRuns: 5_000 },
      );
      for (const count of counts.values()) expect(count).toBeGreaterThan(50);
    });

    it.each(plain)('are none if a byte of them is another one: %s', (text) => {
      const good = Buffer.from(text);
      const whole = byScan(good);
      expect(whole).toBeDefined();
      expect(whatOf(whole)).toEqual(whatOf(bySchema(text)));
      fc.assert(
        fc.property(fc.nat(good.length - 1), fc.nat(255), (place, byte) => {
          const broken = Buffer.from(good);
          broken[place] = byte;
          const found = byScan(broken);
          if (found !== undefined) expectAsBySchema(found, broken.toString());
        }),
        { numRuns: 5_000 },
      );
    });

    it('are read behind others, and again, as they are read by themselves', () => {
      fc.assert(
        fc.property(fc.array(events, { minLength: 2, maxLength: 12 }), (texts) => {
          const body = Buffer.from(texts.join('\n'));
          const opener = plainReader(clock, ids);
          for (const all of [opener.open(body), opener.open(body)]) {
            let start = 0;
            for (const text of texts) {
              const end = start + Buffer.byteLength(text);
              const found = all.read(start);
              if (found !== undefined) {
                expectAsBySchema(found, text);
                // What follows in the body is none of it.
                expect(all.end).toBe(end);
              }
              start = end + 1;
            }
          }
        }),
        { numRuns: 1_000 },
      );
    });

    it.each(plain)('are left to the schema if they are not UTF-8: %s', (text) => {
      const body = Buffer.from(text);
      body[body.indexOf('"event_id":"') + '"event_id":"'.length] = 0xff;
      expect(byScan(body)).toBeUndefined();
    });

    it.each(plain)('are left to the schema if they are too large: %s', (text) => {
      const padded = (blanks: number) => Buffer.from(text.replace('"data":{', `"data":{${' '.repeat(blanks)}`));
      expect(byScan(padded(1_000))).toBeDefined();
      expect(byScan(padded(form.maxBytes))).toBeUndefined();
    });
  });
}
