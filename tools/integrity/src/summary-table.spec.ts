import { figuresOf } from './figures.js';
import { LossLedger } from './loss-ledger.js';
import { summaryText } from './summary-table.js';
import { failedVerdict, verdictOf } from './verdict.js';

const facts = (scenario: string) => ({ scenario, seed: 7, broker: 'embedded' as const, small: true, tookSeconds: 2 });

describe('the table of a run', () => {
  it('has a row for each subscription, and says which scenario is broken', () => {
    const ledger = new LossLedger();
    for (let sequence = 0; sequence < 3; sequence++) {
      ledger.sent('k', sequence);
      ledger.acknowledged('k', sequence, { lane: 'a#0', epoch: 'e', position: String(sequence) });
    }
    for (const sequence of [0, 2, 2]) ledger.received('k', sequence);
    const figures = [figuresOf('at-least-once', ledger.judge(), [120, 80, 900])];
    const text = summaryText([
      verdictOf(facts('kill'), { checks: [{ what: 'missing', found: 1, atMost: 0 }], notes: [], figures }),
      verdictOf(facts('told'), { checks: [], notes: [] }),
      failedVerdict(facts('stuck'), new Error('no disk')),
    ]);
    const lines = text.split('\n').map((line) => line.trim().split(/\s{2,}/));
    expect(lines).toContainEqual(['kill', 'embedded', 'at-least-once', '3', '1', '1', '0', '1', '120 / 900', 'BROKEN']);
    expect(text).toContain('told');
    expect(text).toContain('3 scenarios, 3 events due, 6 s, seed 7: BROKEN: kill, stuck');
  });
});
