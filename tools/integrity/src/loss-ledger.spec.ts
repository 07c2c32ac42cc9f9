import fc from 'fast-check';
import { LossLedger } from './loss-ledger.js';

const LANE = { lane: 'monitoring/metrics#0', epoch: 'e1' };
/** Positions of one lane are ordered as strings. */
const positionOf = (sequence: number) => String(sequence).padStart(6, '0');

function ledgerOf(count: number, keys: readonly string[] = ['k']): LossLedger {
  const ledger = new LossLedger();
  for (const key of keys) {
    for (let sequence = 0; sequence < count; sequence++) {
      ledger.sent(key, sequence);
      ledger.acknowledged(key, sequence, { ...LANE, position: positionOf(sequence) });
    }
  }
  return ledger;
}

function judge(ledger: LossLedger, sequences: readonly number[], key = 'k') {
  for (const sequence of sequences) ledger.received(key, sequence);
  return ledger.judge();
}

const CLEAN = { missing: 0, unannounced: 0, duplicated: 0, outOfOrder: 0, unknown: 0, examples: [] };

describe('the loss ledger', () => {
  it('finds nothing where all came once and in order', () => {
    const ledger = ledgerOf(3);
    expect(judge(ledger, [0, 1, 2])).toEqual({ due: 3, received: 3, ...CLEAN });
    expect(ledger.isComplete).toBe(true);
  });

  it('sees a planted loss', () => {
    const ledger = ledgerOf(3);
    expect(judge(ledger, [0, 2])).toMatchObject({
      missing: 1,
      unannounced: 1,
      examples: ['missing k 1 at monitoring/metrics#0 000001'],
    });
    expect(ledger.isComplete).toBe(false);
  });

  it('sees a planted duplicate, which is no disorder', () => {
    expect(judge(ledgerOf(3), [0, 1, 2, 0])).toMatchObject({ ...CLEAN, duplicated: 1 });
  });

  it('sees a planted disorder among first deliveries', () => {
    expect(judge(ledgerOf(3), [0, 2, 1])).toMatchObject({
      missing: 0,
      outOfOrder: 1,
      examples: ['out of order k 1 after 2'],
    });
  });

  it('does not mind the order between keys', () => {
    const ledger = ledgerOf(2, ['a', 'b']);
    judge(ledger, [0, 1], 'b');
    expect(judge(ledger, [0, 1], 'a')).toMatchObject(CLEAN);
  });

  it('takes a loss inside an announced gap of its lane and epoch for announced, and no other', () => {
    const ledger = ledgerOf(6);
    ledger.announced({ ...LANE, from: positionOf(1), to: positionOf(3) });
    ledger.announced({ ...LANE, epoch: 'e0', from: '', to: positionOf(9) });
    ledger.announced({ ...LANE, lane: 'monitoring/metrics#1', from: '', to: positionOf(9) });
    expect(judge(ledger, [0, 5])).toMatchObject({ missing: 4, unannounced: 2 });
  });

  it('takes an event for announced if any copy of it lies inside of a gap', () => {
    const ledger = ledgerOf(3);
    ledger.announced({ ...LANE, from: positionOf(7), to: positionOf(8) });
    ledger.copied('k', 1, { ...LANE, position: positionOf(9) });
    expect(judge(ledger, [0])).toMatchObject({ missing: 2, unannounced: 2 });
    ledger.copied('k', 1, { ...LANE, position: positionOf(8) });
    expect(judge(ledger, [])).toMatchObject({ missing: 2, unannounced: 1 });
  });

  it('does not ask for what was never acknowledged, and accepts it when it comes', () => {
    const ledger = ledgerOf(1);
    ledger.sent('k', 1);
    expect(judge(ledger, [0])).toMatchObject({ due: 1, ...CLEAN });
    expect(judge(ledger, [1])).toMatchObject({ due: 1, received: 2, ...CLEAN });
  });

  it('sees what no producer sent', () => {
    const ledger = ledgerOf(1);
    ledger.received('other', 0);
    expect(judge(ledger, [0, 1])).toMatchObject({ unknown: 2, missing: 0 });
  });

  it('counts an event as due once, however often its producer was told', () => {
    const ledger = ledgerOf(1);
    ledger.acknowledged('k', 0, { ...LANE, position: positionOf(0) });
    expect(ledger.due).toBe(1);
  });

  it('takes an event for announced that a later one of its key stands for', () => {
    const ledger = ledgerOf(3);
    ledger.superseded('k', 1);
    expect(judge(ledger, [1])).toMatchObject({ missing: 2, unannounced: 1 });
  });

  it('refuses a producer that skips a number, since its list would hide a loss', () => {
    expect(() => ledgerOf(1).sent('k', 2)).toThrow('without a hole');
  });

  it('agrees with counting by hand, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(19), { maxLength: 60 }), (sequences) => {
        const distinct = new Set(sequences);
        const firsts = sequences.filter((sequence, index) => sequences.indexOf(sequence) === index);
        const disorder = firsts.filter((sequence, index) =>
          firsts.slice(0, index).some((earlier) => earlier > sequence),
        );
        expect(judge(ledgerOf(20), sequences)).toMatchObject({
          missing: 20 - distinct.size,
          duplicated: sequences.length - distinct.size,
          outOfOrder: disorder.length,
        });
      }),
    );
  });
});
