import { FakeClock } from '@distributary/distribution-core/testing';
import { countingIds } from '../../testing/published-events.js';
import { Instruments } from './instruments.js';
import { TickKinds } from './tick-kinds.js';
import { TickScan } from './tick-scan.js';

/** As if all bytes had the same hash. */
class CollidingKinds extends TickKinds {
  protected override hashOf(): number {
    return 7;
  }
}
class CollidingInstruments extends Instruments {
  protected override hashOf(): number {
    return 7;
  }
}

const scanned = (text: string) => {
  const bytes = Buffer.from(text);
  const scan = new TickScan();
  expect(scan.scan(bytes, 0)).toBe(bytes.length);
  return [scan, bytes] as const;
};
const tick = ({
  type = 'TRADE',
  figures = '"price":1,"volume":1',
  symbol = 'AAPL',
  exchange = 'XNAS',
  more = '',
  rest = '',
} = {}) =>
  `{"event_id":"e","timestamp":"2025-06-21T10:00:00Z","data_type":"${type}",` +
  `"data":{"symbol":"${symbol}","exchange":"${exchange}",${figures}${more}}${rest}}`;

describe('what trades and quotes have in common', () => {
  it.each([
    ['the type', tick({ type: 'QUOTE', figures: '"ask_price":1' })],
    ['the currency', tick({ more: ',"currency":"USD"' })],
    ['the asset class', tick({ more: ',"asset_class":"crypto"' })],
    ['the routing', tick({ rest: ',"routing":{"routing_key":"a.b"}' })],
    ['the metadata', tick({ rest: ',"metadata":{"source":"itch"}' })],
  ])('is told apart by %s where hashes collide', (_name, text) => {
    const kinds = new CollidingKinds(new FakeClock(), countingIds);
    const plain = kinds.of(...scanned(tick()));
    const other = kinds.of(...scanned(text));
    expect(plain).toBeDefined();
    expect(other).toBeDefined();
    expect(other).not.toEqual(plain);
    expect(kinds.of(...scanned(tick()))).toEqual(plain);
  });

  it.each([
    ['symbol', tick({ symbol: 'MSFT' })],
    ['exchange', tick({ exchange: 'XNYS' })],
  ])('is no other %s where hashes collide', (name, text) => {
    const instruments = new CollidingInstruments();
    const plain = instruments.of(...scanned(tick()));
    const other = instruments.of(...scanned(text));
    expect(plain).toMatchObject({ symbol: 'AAPL', exchange: 'XNAS', trades: { text: 'AAPL.XNAS.trade' } });
    expect(other?.[name as 'symbol']).not.toBe(plain?.[name as 'symbol']);
  });

  it('is found of as many symbols as an exchange has, also if none of them comes twice', () => {
    const instruments = new Instruments();
    for (let each = 0; each < 5_000; each++) {
      expect(instruments.of(...scanned(tick({ symbol: `S${each}` })))?.symbol).toBe(`S${each}`);
    }
  });

  it('is found again without being made', () => {
    const kinds = new TickKinds(new FakeClock(), countingIds);
    const plain = kinds.of(...scanned(tick()));
    expect(kinds.of(...scanned(tick({ symbol: 'MSFT' })))).toBe(plain);
  });
});
