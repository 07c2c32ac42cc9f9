import { KindTable } from './kind-table.js';

/** Its one byte says which kind an event is of. */
class ByteKinds extends KindTable<{ readonly of: number }, number> {
  made = 0;

  protected hashOf(): number {
    return 7;
  }

  protected isKind(kind: { readonly of: number }, scan: number): boolean {
    return kind.of === scan;
  }

  protected make(scan: number): { readonly of: number } | undefined {
    this.made++;
    return scan < 0 ? undefined : { of: scan };
  }
}
const bytes = Buffer.alloc(0);

describe('kinds of events', () => {
  it('are made once', () => {
    const kinds = new ByteKinds();
    const first = kinds.of(1, bytes);
    expect(first).toEqual({ of: 1 });
    expect(kinds.of(1, bytes)).toBe(first);
    expect(kinds.made).toBe(1);
  });

  it('are told apart by their bytes where their hashes are the same', () => {
    const kinds = new ByteKinds();
    expect([kinds.of(1, bytes), kinds.of(2, bytes), kinds.of(1, bytes)]).toEqual([{ of: 1 }, { of: 2 }, { of: 1 }]);
  });

  it('are seldom made any more where nearly each event is of another one', () => {
    const kinds = new ByteKinds();
    for (let each = 0; each < 10_000; each++) kinds.of(each, bytes);
    expect(kinds.made).toBeGreaterThan(1_024);
    expect(kinds.made).toBeLessThan(1_100);
    expect(kinds.of(10_001, bytes)).toBeUndefined();
  });

  it('are made again once one of them comes back', () => {
    const kinds = new ByteKinds();
    for (let each = 0; each < 10_000; each++) kinds.of(each, bytes);
    for (let again = 0; again < 1_000; again++) kinds.of(1, bytes);
    expect(kinds.of(1, bytes)).toEqual({ of: 1 });
    expect(kinds.of(2, bytes)).toEqual({ of: 2 });
  });
});
