import { parseRunOptions, type RunOptions } from './run-options.js';
import { rotated } from './rotation.js';
import type { Scenario } from './scenario.js';

const scenario = (name: string, brokers: Scenario['brokers'] = ['embedded', 'kafka']): Scenario => ({
  name,
  about: `what ${name} does`,
  brokers,
  isRotated: name !== 'fixed',
  run: () => Promise.resolve({ checks: [], notes: [] }),
});
const ALL = [scenario('one'), scenario('two', ['embedded']), scenario('three', ['kafka']), scenario('fixed', [])];
const names = (parsed: RunOptions | string) =>
  typeof parsed === 'string' ? parsed : parsed.scenarios.map(({ name }) => name);

describe('what npm run integrity is asked for', () => {
  it('is every scenario of the broker, if none is named', () => {
    expect(names(parseRunOptions([], ALL))).toEqual(['one', 'two']);
    expect(names(parseRunOptions(['all', '--broker', 'kafka'], ALL))).toEqual(['one', 'three']);
  });

  it('is what is named, with its seed, its events, their rate and where its verdicts go', () => {
    const parsed = parseRunOptions(
      ['two', '--seed', '7', '--events', '50000', '--rate', '900', '--json', '-', '--small'],
      ALL,
    );
    expect(parsed).toMatchObject({ seed: 7, events: 50_000, rate: 900, json: '-', small: true, broker: 'embedded' });
    expect(names(parsed)).toEqual(['two']);
  });

  it.each([
    [['nine'], 'no scenario nine'],
    [['two', '--broker', 'kafka'], 'two is not for kafka'],
    [['--broker', 'abacus'], '--broker: abacus is none of'],
    [['--seed', 'x'], '--seed: not a whole number'],
    [['--events', '0'], '--events: not a whole number from 1 on'],
    [['fixed', '--rotate', '1'], '--rotate: of fixed none is rotated'],
    [['--rate', '1.5'], '--rate: not a whole number from 1 on'],
    [['--what'], "Unknown option '--what'"],
    [['--help'], 'npm run integrity --'],
  ])('answers %j with what is wrong and how it is used', (args, said) => {
    const parsed = parseRunOptions(args, ALL);
    expect(parsed).toContain(said);
    expect(parsed).toContain('what one does');
  });

  it('is another choice for another commit, of those that play as many events as they are asked to, and the same for the same', () => {
    const many = [scenario('fixed'), ...Array.from({ length: 12 }, (_, index) => scenario(`s${index}`))];
    const choice = (commit: string) => rotated(many, 4, commit).map(({ name }) => name);
    expect(choice('abc')).toHaveLength(4);
    expect(choice('abc')).toEqual(choice('abc'));
    const seen = new Set(Array.from({ length: 60 }, (_, index) => choice(`commit${index}`)).flat());
    expect(seen.size).toBe(12);
  });
});
