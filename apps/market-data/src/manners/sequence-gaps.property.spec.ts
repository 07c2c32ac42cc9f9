import fc from 'fast-check';
import { SEQUENCE_LIMITS, type SequenceGap, SequenceGaps, type SequenceLimits } from './sequence-gaps.js';

const STREAM = { source: 'itch', channel: 'a' };

class World {
  readonly announced: SequenceGap[] = [];
  readonly gaps: SequenceGaps;

  constructor(limits: Partial<SequenceLimits> = {}) {
    this.gaps = new SequenceGaps((_tenant, gap) => this.announced.push(gap), { ...SEQUENCE_LIMITS, ...limits });
  }

  see(...sequences: number[]): string[] {
    return sequences.map((sequence) => this.gaps.observe('default', STREAM, sequence, 0));
  }

  numbers(): number[] {
    return this.announced.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, at) => first + at));
  }
}

/** Numbers of which some never come, others late or twice. The first one that comes is the least. */
const arrivals = fc.array(fc.integer({ min: 2, max: 60 }), { maxLength: 80 }).map((others) => [1, ...others]);

describe('numbers that a source gave its events', () => {
  it('of those that never came each is announced once, in ranges that do not touch what came', () => {
    fc.assert(
      fc.property(arrivals, (sequences) => {
        const world = new World();
        world.see(...sequences);
        world.gaps.due(SEQUENCE_LIMITS.graceMs);
        const came = new Set(sequences);
        const missing = Array.from({ length: Math.max(...sequences) }, (_, at) => at + 1).filter((at) => !came.has(at));
        expect(world.numbers()).toEqual(missing);
      }),
    );
  });

  it('nothing is announced that had come, however little is remembered and however often it is asked', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ sequence: fc.integer({ min: 2, max: 40 }) }),
        fc.record({ waitMs: fc.integer({ min: 0, max: 1_500 }) }),
      ),
      { maxLength: 120 },
    );
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 4 }), (all, maxOpenGaps) => {
        const came = new Set([1]);
        const told = new Set<number>();
        let nowMs = 0;
        const gaps = new SequenceGaps(
          (_tenant, { first, last }) => {
            for (let at = first; at <= last; at++) {
              expect(came.has(at)).toBe(false);
              expect(told.has(at)).toBe(false);
              told.add(at);
            }
          },
          { ...SEQUENCE_LIMITS, maxOpenGaps },
        );
        gaps.observe('default', STREAM, 1, 0);
        for (const step of all) {
          if ('waitMs' in step) gaps.due((nowMs += step.waitMs));
          else {
            const isKnown = came.has(step.sequence) || told.has(step.sequence);
            const outcome = gaps.observe('default', STREAM, step.sequence, nowMs);
            expect(outcome === 'repeated').toBe(isKnown);
            came.add(step.sequence);
          }
        }
        gaps.due(nowMs + SEQUENCE_LIMITS.graceMs);
        const newest = Math.max(...came);
        for (let at = 1; at <= newest; at++) expect(came.has(at) || told.has(at)).toBe(true);
      }),
    );
  });

  it('say what came of each', () => {
    const world = new World();
    expect(world.see(5, 6, 9, 7, 9, 6, 4, 8, 10)).toEqual([
      'first',
      'next',
      'gap',
      'filled',
      'repeated',
      'repeated',
      'repeated',
      'filled',
      'next',
    ]);
    world.gaps.due(10_000);
    expect(world.announced).toEqual([]);
  });

  it('have time to come until the grace is over', () => {
    const world = new World();
    world.see(1, 3);
    world.gaps.due(SEQUENCE_LIMITS.graceMs - 1);
    expect(world.announced).toEqual([]);
    world.gaps.due(SEQUENCE_LIMITS.graceMs);
    expect(world.announced).toEqual([{ ...STREAM, first: 2, last: 2 }]);
    expect(world.see(2)).toEqual(['repeated']);
    world.gaps.due(SEQUENCE_LIMITS.graceMs * 3);
    expect(world.announced).toHaveLength(1);
  });

  it('begin anew at one, and what was missing before stays so', () => {
    const world = new World();
    expect(world.see(2_000, 2_002, 1, 2, 4)).toEqual(['first', 'gap', 'reset', 'next', 'gap']);
    world.gaps.due(SEQUENCE_LIMITS.graceMs);
    expect(world.announced).toEqual([
      { ...STREAM, first: 2_001, last: 2_001 },
      { ...STREAM, first: 3, last: 3 },
    ]);
  });

  it('are not believed far from all others, and the stream goes on', () => {
    const world = new World();
    expect(world.see(5, Number.MAX_SAFE_INTEGER, 6, 8, 2_000_000, 9)).toEqual([
      'first',
      'doubted',
      'next',
      'gap',
      'doubted',
      'next',
    ]);
    world.gaps.due(SEQUENCE_LIMITS.graceMs);
    expect(world.announced).toEqual([{ ...STREAM, first: 7, last: 7 }]);
  });

  it('begin anew far from all others where one follows another, also behind a first one that was wrong', () => {
    const world = new World();
    expect(world.see(Number.MAX_SAFE_INTEGER, 5, 6, 7, 6)).toEqual(['first', 'doubted', 'reset', 'next', 'repeated']);
    expect(world.see(9, 5_000_000, 5_000_000, 5_000_003, 5_000_004)).toEqual([
      'gap',
      'doubted',
      'doubted',
      'reset',
      'next',
    ]);
    world.gaps.due(SEQUENCE_LIMITS.graceMs);
    expect(world.announced).toEqual([
      { ...STREAM, first: 8, last: 8 },
      { ...STREAM, first: 5_000_001, last: 5_000_002 },
    ]);
  });

  it('are counted apart where the source does', () => {
    const world = new World();
    const { gaps } = world;
    const of = (symbol: string) => ({ source: 'itch', symbol, exchange: 'XNAS' });
    gaps.observe('default', of('A'), 1, 0);
    gaps.observe('default', of('B'), 5, 0);
    gaps.observe('default', { source: 'other', symbol: 'A', exchange: 'XNAS' }, 9, 0);
    gaps.observe('default', of('A'), 3, 0);
    gaps.due(SEQUENCE_LIMITS.graceMs);
    expect(world.announced).toEqual([{ ...of('A'), first: 2, last: 2 }]);
    expect(gaps.size).toBe(3);
  });

  it('of a stream that is forgotten are announced before', () => {
    const world = new World({ maxStreams: 2 });
    world.see(1, 3);
    world.gaps.observe('default', { source: 'b', channel: 'a' }, 1, 0);
    world.gaps.observe('default', { source: 'c', channel: 'a' }, 1, 0);
    expect(world.announced).toEqual([{ ...STREAM, first: 2, last: 2 }]);
    expect(world.gaps.size).toBe(2);
    world.gaps.due(10_000);
    expect(world.announced).toHaveLength(1);
  });
});
