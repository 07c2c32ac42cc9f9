import { WatchedLedger } from './watched-ledger.js';

describe('WatchedLedger', () => {
  it('counts of each key until the first event that was sent after the fault', () => {
    const ledger = new WatchedLedger();
    for (const key of ['a', 'b']) ledger.sent(key, 0);
    ledger.fault(1_000);
    ledger.received('a', 0, 1_100);
    expect(ledger.hasRecovered).toBe(false);
    for (const key of ['a', 'b']) ledger.sent(key, 1);
    ledger.received('a', 1, 1_250);
    ledger.received('b', 1, 1_700);
    expect(ledger.recoveriesMs).toEqual([250, 700]);
    expect(ledger.hasRecovered).toBe(true);
  });

  it('counts from the first of two faults when the second comes before it is over', () => {
    const ledger = new WatchedLedger();
    ledger.sent('a', 0);
    ledger.fault(1_000);
    ledger.sent('a', 1);
    ledger.fault(2_000);
    ledger.sent('a', 2);
    ledger.received('a', 1, 2_500);
    expect(ledger.recoveriesMs).toEqual([1_500]);
    expect(ledger.unrecovered).toBe(0);
  });
});
