import { machineFacts } from '../machine.js';
import type { RunFigures } from '../run-figures.js';
import { marketArguments } from './market-command.js';
import type { BrokerName } from './market-options.js';
import type { MarketResult } from './market-bench.js';
import { marketFindings, marketReport, marketVerdict } from './market-report.js';

const latencies = (p99: number) => ({ p50: 1, p99, p999: 40, max: 50 });
const aRun = (p99: number, more: Partial<RunFigures> = {}): RunFigures =>
  ({
    ...{ fromScheduled: latencies(p99), fromAccepted: latencies(p99 / 2), seconds: 4, deliveriesPerSecond: 20_000 },
    ...{ missing: 0, duplicated: 0, outOfOrder: 0, brokenChains: 0, gaps: 0, closed: 0, unsent: 0, errors: [] },
    ...{ serverCpuSeconds: 2, otherCores: 0.1 },
    ...more,
  }) as unknown as RunFigures;
const kept = (rate: number, ...runs: RunFigures[]) => ({ rate, isKept: true, before: [], runs });
const conflation = { sent: 80_000, merged: 720_000, notNewest: 0, fewestUpdates: 39, mostUpdates: 41 };
const aConflatedRun = (more: Partial<RunFigures> = {}) => aRun(120, { conflation, ...more });

function result(more: Partial<MarketResult['brokers'][number]> = {}, broker: BrokerName = 'embedded'): MarketResult {
  const { options } = marketArguments([]);
  const brokers = [{ broker, fanOut: kept(50_000, aRun(20)), conflation: kept(1_000, aConflatedRun()), ...more }];
  return { bench: 'market', machine: machineFacts(), options, brokers };
}

describe('what the market bench is told', () => {
  it('is 50,000 deliveries a second to 1,000 subscribers, and 1,000 quotes a second of each symbol, on both brokers', () => {
    const { options, isJson } = marketArguments(['--json']);
    expect(isJson).toBe(true);
    expect(options).toMatchObject({
      brokers: ['embedded', 'pulsar'],
      fanOut: { subscribers: 1_000, symbols: 10_000, symbolsEach: 100 },
      conflation: { symbols: 100, updatesPerSecond: 10 },
    });
    expect([options.fanOut.rates[0], options.conflation.rates[0]]).toEqual([50_000, 1_000]);
  });

  it.each([
    [['--symbols', '9700'], '--symbols and --symbols-each: 9700 must have no divisor in common with 97'],
    [['--symbols', '10'], 'nobody can have 100 of 10'],
    [['--brokers', 'kafka'], '--brokers must be of embedded, pulsar (given: kafka)'],
    [['--rates', '50000,many'], '--rates must be a number above 0 (given: many)'],
    [['--runs', '0'], '--runs must be a number above 0 (given: 0)'],
  ])('is refused if it makes no sense: %s', (args, problem) => {
    expect(() => marketArguments(args)).toThrow(problem);
  });
});

describe('what the market bench says', () => {
  it('has the brokers side by side, with medians, least and most', () => {
    const runs = [aRun(20), aRun(18), aRun(24)];
    const { brokers, ...rest } = result({ fanOut: kept(50_000, ...runs) });
    const onPulsar = result(
      { fanOut: { ...kept(5_000, aRun(80)), before: [{ rate: 50_000, run: aRun(900) }] } },
      'pulsar',
    );
    const text = marketReport({ ...rest, brokers: [...brokers, ...onPulsar.brokers] });
    expect(text).toMatch(/^ +embedded +pulsar$/m);
    expect(text).toMatch(/^deliveries\/s offered +50,000 +5,000$/m);
    expect(text).toMatch(/^not kept before +- +50,000$/m);
    expect(text).toMatch(/^p99 ms +20 \(18–24\) +80$/m);
    // 20,000 a second to 20 subscribers with 100 symbols each.
    expect(text).toMatch(/^updates\/s of a symbol +10 +10$/m);
    expect(text).toMatch(/^fewest of any +9\.75 +9\.75$/m);
    expect(text).toMatch(/^quotes merged +720,000 +720,000$/m);
  });

  it('is that the goal is reached only at the full rate, with the log in files', () => {
    expect(marketVerdict(result())).toBe('reached');
    expect(marketVerdict(result({ fanOut: kept(50_000, aRun(26)) }))).toBe('missed');
    expect(marketVerdict(result({ fanOut: kept(25_000, aRun(20)) }))).toBe('missed');
    expect(marketVerdict(result({ fanOut: { ...kept(50_000, aRun(20)), isKept: false } }))).toBe('missed');
    expect(marketVerdict(result({}, 'pulsar'))).toBeUndefined();
  });

  it.each<[string, Partial<MarketResult['brokers'][number]>, string]>([
    ['missing', { fanOut: kept(50_000, aRun(20, { missing: 2 })) }, 'embedded, fan-out: missing 2'],
    [
      'out of order',
      { conflation: kept(1_000, aConflatedRun({ outOfOrder: 1 })) },
      'embedded, conflation: outOfOrder 1',
    ],
    ['neither sent nor merged', { conflation: kept(1_000, aConflatedRun({ missing: 7 })) }, 'conflation: missing 7'],
    [
      'not the newest in the end',
      { conflation: kept(1_000, aConflatedRun({ conflation: { ...conflation, notNewest: 3 } })) },
      'embedded, conflation: 3 last quotes were not the newest',
    ],
  ])('names what is %s', (_what, more, finding) => {
    expect(marketFindings(result())).toEqual([]);
    expect(marketFindings(result(more)).join()).toContain(finding);
    expect(marketReport(result(more))).toContain(`! `);
  });
});
