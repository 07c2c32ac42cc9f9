import { ASSET_CLASSES } from '@distributary/contracts';
import type { PublishedEvent } from '@distributary/distribution-service';
import { arbitraryJson, describePlainReading } from '@distributary/distribution-service/testing';
import fc from 'fast-check';
import { marketDataEvents } from '../event-form.js';
import { TickReader } from './tick-reader.js';

const { absent, json, mostly, name, objectOf, time, word } = arbitraryJson;
type Fields = arbitraryJson.Fields;

/** Prices as they are written: each decimal in one form. */
const prices = (event: PublishedEvent) =>
  [
    ...Buffer.from(event.record.value)
      .toString()
      .matchAll(/"((?:bid_|ask_)?price)" *: *([^,} ]*)/g),
  ]
    .map(([, name, text]) => `${name} ${text}`)
    .sort();

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

describePlainReading('ticks', {
  form: marketDataEvents,
  plainReader: (clock, ids) => new TickReader(clock, ids),
  events: event,
  plain: [
    '{"event_id":"e","timestamp":"2025-06-21T10:00:00.5Z","data_type":"TRADE","data":{"symbol":"BRK.B","exchange":"XNYS",' +
      '"currency":"USD","price":"150.250","volume":100,"sequence":7,"conditions":["@","T"]},"metadata":{"source":"é"}}',
    '{"event_id":"e","timestamp":"2025-06-21T10:00:00.5Z","data_type":"QUOTE","data":{"symbol":"A","exchange":"XNYS",' +
      '"bid_price":150.2,"bid_size":3,"ask_price":"150.3","ask_size":2,"timestamp":"2025-06-21T10:00:00.4Z"},' +
      '"routing":{"routing_key":"a.b"}}',
  ],
  exactly: prices,
});
