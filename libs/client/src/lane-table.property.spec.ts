import fc from 'fast-check';
import { encodeCursor } from './cursor-codec.js';
import { LaneTable, type LaneStep } from './lane-table.js';

type Kind = 'data' | 'position' | 'gap' | 'snapshot part' | 'last snapshot' | 'broken';
interface Move {
  readonly kind: Kind;
  readonly lane: number;
}

const LANES = ['a#0', 'a#1', 'b/c#0'];
const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.record({
    kind: fc.constantFrom<Kind>('data', 'position', 'gap', 'snapshot part', 'last snapshot', 'broken'),
    lane: fc.nat(LANES.length - 1),
  }),
  { maxLength: 60 },
);

/** Positions grow; `safe` stops while a snapshot is incomplete. */
class Model {
  private counter = 0;
  readonly told = LANES.map(() => '');
  readonly safe = LANES.map(() => '');
  readonly isPartial = LANES.map(() => false);

  step({ kind, lane }: Move): { step: LaneStep; isBroken: boolean } {
    const pos = String(++this.counter).padStart(8, '0');
    const prev = this.told[lane];
    const at = { feed: 1, lane: LANES[lane], epoch: 'e' };
    if (kind === 'broken') {
      return { step: { type: 'data', payload: { ...at, prev: `${prev}x`, pos, events: [] } }, isBroken: true };
    }
    this.told[lane] = pos;
    if (kind === 'snapshot part') this.isPartial[lane] = true;
    else if (kind !== 'gap') this.isPartial[lane] = false;
    if (!this.isPartial[lane]) this.safe[lane] = pos;
    return { step: this.message(kind, at, prev, pos), isBroken: false };
  }

  cursor(): string {
    const lane = (name: string, index: number) => {
      const [topic, partition] = name.split('#');
      return { topic, partition: Number(partition), epoch: 'e', position: this.safe[index] };
    };
    return encodeCursor({ catalogVersion: 9, positions: LANES.map(lane) });
  }

  private message(kind: Kind, at: { feed: number; lane: string; epoch: string }, prev: string, pos: string): LaneStep {
    if (kind === 'data') return { type: 'data', payload: { ...at, prev, pos, events: [] } };
    if (kind === 'position') return { type: 'position', payload: { ...at, prev, pos } };
    if (kind === 'gap') return { type: 'gap', payload: { ...at, id: 's', from: prev, to: pos, reason: 'slow' } };
    return { type: 'snapshot', payload: { ...at, pos, events: [], last: kind === 'last snapshot' } };
  }
}

describe('the lane table', () => {
  it('has the cursor of the model after any sequence of frames, and notices every broken link', () => {
    fc.assert(
      fc.property(moves, (sequence) => {
        const model = new Model();
        const table = new LaneTable();
        table.subscribed({
          id: 's',
          feed: 1,
          catalog_version: 9,
          recovered: 'full',
          positions: LANES.map((name) => {
            const [topic, partition] = name.split('#');
            return { topic, partition: Number(partition), epoch: 'e', position: '' };
          }),
        });
        for (const move of sequence) {
          const { step, isBroken } = model.step(move);
          expect(table.follows(step)).toBe(!isBroken);
          if (!isBroken) table.apply(step);
          expect(table.cursor()).toBe(model.cursor());
        }
      }),
    );
  });
});

describe('a lane that is not known yet', () => {
  const data = (lane: string, prev: string): LaneStep => ({
    type: 'data',
    payload: { feed: 1, lane, epoch: 'e', prev, pos: '1', events: [] },
  });

  it('begins at its first event', () => {
    expect(new LaneTable().follows(data('new#0', ''))).toBe(true);
    expect(new LaneTable().follows(data('new#0', '5'))).toBe(false);
  });

  it('does not come into the cursor by its end', () => {
    const table = new LaneTable();
    table.subscribed({ id: 's', feed: 1, catalog_version: 9, recovered: 'none', positions: [] });
    const end = { feed: 1, id: 's', lane: 'gone#0', epoch: 'e', from: '5', to: '5', reason: 'deleted' } as const;
    table.apply({ type: 'gap', payload: end });
    expect(table.cursor()).toBe(encodeCursor({ catalogVersion: 9, positions: [] }));
  });

  it.each(['nothing', '#1', 'a#', 'a#x', 'a#-1'])('has a name: %p is none', (name) => {
    expect(() => new LaneTable().apply(data(name, ''))).toThrow('not a lane');
  });
});
