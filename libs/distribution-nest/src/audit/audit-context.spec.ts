import { setImmediate as turn } from 'node:timers/promises';
import { auditBefore, auditTarget, withinAct } from './audit-context.js';

describe('what is found out about an act', () => {
  it('is kept with the act in which it was found, also of acts that go on at the same time, and after all had ended', async () => {
    const act = (name: string, turns: number) =>
      withinAct(async (found) => {
        auditTarget(name);
        for (let nth = 0; nth < turns; nth++) await turn();
        auditBefore({ name });
        await turn();
        return { ...found };
      });
    const expected = (name: string) => ({ target: name, before: { name } });
    expect(await Promise.all([act('a', 1), act('b', 5), act('c', 3)])).toEqual(['a', 'b', 'c'].map(expected));
    expect(await act('d', 2)).toEqual(expected('d'));
  });

  it('belongs to nobody outside of an act, also of one that failed', async () => {
    await expect(withinAct(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(() => auditBefore('nothing')).not.toThrow();
  });
});
