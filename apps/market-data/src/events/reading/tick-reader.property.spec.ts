import { ASSET_CLASSES } from '@distributary/contracts';
import { FakeClock } from '@distributary/distribution-core/testing';
import { type PublishedEvent, readExactJson } from '@distributary/distribution-service';
import fc from 'fast-check';
import { countingIds } from '../../testing/published-events.js';
import { MAX_EVENT_BYTES, parseMarketDataEvents, toPublishedEvent } from '../market-data-event.js';
import { TickReader } from './tick-reader.js';

const clock = new FakeClock();
/** Each time a new one: of those whose kinds are other ones each time it would leave most to the schema. */
const aReader = () => new TickReader(clock, countingIds);

const read = (text: string): PublishedEvent | undefined => {
  const bytes = Buffer.from(text);
  const plain = aReader().open(bytes);
  const event = plain?.read(0);
  return plain?.end === bytes.length ? event : undefined;
};

const bySchema = (text: string): PublishedEvent | undefined => {
  try {
    const { value, rounded } = readExactJson(text, JSON.parse);
    return rounded.length > 0 ? undefined : toPublishedEvent(parseMarketDataEvents([value])[0], clock, countingIds);
  } catch {
    return undefined;
  }
};

/** The value as what it says: its fields may stand in another order. */
const meaning = (event: PublishedEvent | undefined) =>
  event && {
    ...event,
    record: { ...event.record, value: JSON.parse(Buffer.from(event.record.value).toString()) as unknown },
  };

/** Prices as they are written: each decimal in one form. */
const prices = (event: PublishedEvent | undefined) =>
  event &&
  [
    ...Buffer.from(event.record.value)
      .toString()
      .matchAll(/"((?:bid_|ask_)?price)" *: *([^,} ]*)/g),
  ]
    .map(([, name, text]) => `${name} ${text}`)
    .sort();

const mostly = <Value>(good: fc.Arbitrary<Value>, odd: fc.Arbitrary<Value>) =>
  fc.oneof({ arbitrary: good, weight: 16 }, { arbitrary: odd, weight: 1 });
const absent = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
const word = fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom('a', 'é', '.', '*', '{', '_', '€') });
const name = mostly(
  word,
  fc.constantFrom(
    '',
    '"',
    'a\\',
    'x'.repeat(33),
    'x'.repeat(101),
    'é'.repeat(100),
    'x'.repeat(201),
    '__proto__',
    'constructor',
  ),
);
const digits = (most: number) => fc.bigInt({ min: 0n, max: 10n ** BigInt(most) - 1n }).map(String);
const decimal = fc
  .tuple(digits(9), absent(fc.oneof(digits(6), fc.constantFrom('0', '50', '000000'))))
  .map(([whole, fraction]) => (fraction === undefined ? whole : `${whole}.${fraction}`));
const oddDecimal = fc.constantFrom(
  ...[
    '-1',
    '-0',
    '0.1234567890123456',
    '123456789012345',
    '1234567890123456',
    '007',
    '1.',
    '.5',
    '1e3',
    'null',
    '0.0000001',
    '0.000001',
  ],
);
/** As JSON: a number or a text. */
const price = fc
  .tuple(mostly(decimal, oddDecimal), fc.boolean())
  .map(([text, isText]) => (isText ? JSON.stringify(text) : text));
const whole = mostly(digits(9), fc.constantFrom('-1', '1.5', '10.0', '"7"', '9007199254740993', 'null', '01'));
const time = mostly(
  fc.date({ min: new Date(0), max: new Date('2199-12-31'), noInvalidDate: true }).map((date) => date.toISOString()),
  fc.constantFrom('2025-02-29T00:00:00Z', '2024-02-29T23:59:59.123456789Z', '2025-06-21T10:00:00+02:00', 'now'),
);
const json = <Value>(value: fc.Arbitrary<Value>) => value.map((each) => JSON.stringify(each));

type Fields = Record<string, fc.Arbitrary<string | undefined>>;
const ofBoth: Fields = {
  symbol: json(mostly(fc.constantFrom('AAPL', 'BRK.B', 'EUR/USD', '^GSPC'), fc.constantFrom('', '...', 'é', 'a b'))),
  exchange: json(mostly(fc.constantFrom('XNAS', 'NYSE'), fc.constantFrom('xnas', 'X', '1A', ''))),
  currency: absent(json(mostly(fc.constant('USD'), fc.constantFrom('usd', 'USDT', 'QQQ')))),
  asset_class: absent(json(mostly(fc.constantFrom(...ASSET_CLASSES), fc.constantFrom('Crypto', 'fish')))),
  timestamp: absent(json(time)),
  sequence: absent(whole),
  more: mostly(fc.constant(undefined), fc.constant('1')),
};
const trade: Fields = {
  ...ofBoth,
  price,
  volume: whole,
  trade_id: absent(json(name)),
  side: absent(json(mostly(fc.constantFrom('buy', 'sell'), fc.constant('long')))),
  conditions: absent(
    json(
      mostly(
        fc.array(mostly(word, name), { maxLength: 3 }),
        fc.array(fc.constant('@'), { minLength: 15, maxLength: 18 }),
      ),
    ),
  ),
  ask_price: mostly(fc.constant(undefined), price),
};
const quote: Fields = {
  ...ofBoth,
  bid_price: absent(price),
  bid_size: absent(whole),
  ask_price: absent(price),
  ask_size: absent(whole),
  price: mostly(fc.constant(undefined), price),
};

/** An object as JSON, its fields in any order. */
const objectOf = (fields: Fields): fc.Arbitrary<string> =>
  fc.tuple(fc.record(fields), fc.nat()).map(([values, turn]) => {
    const members = Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : `"${key}":${value}`));
    const first = turn % Math.max(1, members.length);
    return `{${[...members.slice(first), ...members.slice(0, first)].join(',')}}`;
  });

const routing = objectOf({
  topic: absent(
    json(
      mostly(
        fc.constantFrom('market-data/normalized/crypto', 'a/b'),
        fc.constantFrom('market-data/quotes/crypto', 'a/#'),
      ),
    ),
  ),
  routing_key: absent(json(mostly(fc.constant('a.b'), fc.constantFrom('a', 'a..b', 'é"')))),
  target_workflows: absent(json(fc.array(name, { maxLength: 2 }))),
  delivery_mode: absent(json(mostly(fc.constant('EXACTLY_ONCE'), fc.constant('twice')))),
  delivery_guarantee: absent(json(fc.constantFrom('exactly_once', 'at_most_once'))),
});
const metadata = objectOf({
  source: absent(json(name)),
  channel: absent(json(name)),
  note: absent(json(word)),
  figure: mostly<string | undefined>(fc.constant(undefined), fc.constantFrom('1.5', '0.12345678901234567890')),
  late: mostly<string | undefined>(fc.constant(undefined), fc.constant('true')),
});
const eventOf = (dataType: string, data: Fields) =>
  objectOf({
    event_id: json(mostly<string | undefined>(word, absent(name))),
    timestamp: json(mostly<string | undefined>(time, fc.constant(undefined))),
    data_type: fc.constant(JSON.stringify(dataType)),
    data: objectOf(data),
    routing: absent(routing),
    metadata: absent(metadata),
  });
const event = fc.oneof(
  eventOf('TRADE', trade),
  eventOf('QUOTE', quote),
  eventOf('TRADE', quote),
  eventOf('BAR', trade),
);

describe('ticks that are read without being parsed', () => {
  it('are what the schema makes of them, or left to it', () => {
    const plain = { TRADE: 0, QUOTE: 0 };
    fc.assert(
      fc.property(event, fc.boolean(), (text, hasBlanks) => {
        const spaced = hasBlanks ? text.replaceAll('":', '" : ').replaceAll(',"', ' , "') : text;
        const found = read(spaced);
        if (found === undefined) return;
        plain[found.record.attributes.data_type as keyof typeof plain]++;
        expect(meaning(found)).toEqual(meaning(bySchema(spaced)));
        expect(prices(found)).toEqual(prices(bySchema(spaced)));
      }),
      { numRuns: 5_000 },
    );
    expect(plain.TRADE).toBeGreaterThan(100);
    expect(plain.QUOTE).toBeGreaterThan(100);
  });

  const GOOD = [
    '{"event_id":"e","timestamp":"2025-06-21T10:00:00.5Z","data_type":"TRADE","data":{"symbol":"BRK.B","exchange":"XNYS",' +
      '"currency":"USD","price":"150.250","volume":100,"sequence":7,"conditions":["@","T"]},"metadata":{"source":"é"}}',
    '{"event_id":"e","timestamp":"2025-06-21T10:00:00.5Z","data_type":"QUOTE","data":{"symbol":"A","exchange":"XNYS",' +
      '"bid_price":150.2,"bid_size":3,"ask_price":"150.3","ask_size":2,"timestamp":"2025-06-21T10:00:00.4Z"},' +
      '"routing":{"routing_key":"a.b"}}',
  ];

  it.each(GOOD)('are none if a byte of them is another one: %s', (text) => {
    const good = Buffer.from(text);
    expect(meaning(read(text))).toEqual(meaning(bySchema(text)));
    expect(read(text)).toBeDefined();
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (place, byte) => {
        const broken = Buffer.from(good);
        broken[place] = byte;
        const plain = aReader().open(broken);
        const found = plain?.read(0);
        if (found === undefined || plain?.end !== broken.length) return;
        expect(meaning(found)).toEqual(meaning(bySchema(broken.toString())));
      }),
      { numRuns: 5_000 },
    );
  });

  it('are read behind others, and again, as they are read by themselves', () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 2, maxLength: 12 }), (texts) => {
        const body = Buffer.from(texts.join('\n'));
        const reader = aReader();
        for (const all of [reader.open(body), reader.open(body)]) {
          let start = 0;
          for (const text of texts) {
            const bytes = Buffer.byteLength(text);
            const found = all?.read(start);
            // What follows in the body is none of it.
            const isAlone = found === undefined || all?.end === start + bytes;
            expect(isAlone && meaning(found)).toEqual(meaning(found === undefined ? undefined : bySchema(text)));
            start += bytes + 1;
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('are left to the schema if they are too large', () => {
    const [text] = GOOD;
    const padded = (blanks: number) => text.replace('"currency"', `${' '.repeat(blanks)}"currency"`);
    expect(read(padded(1_000))).toBeDefined();
    expect(read(padded(MAX_EVENT_BYTES))).toBeUndefined();
  });
});
