import { requireVersion, versionOf } from './precondition.js';

describe('a precondition', () => {
  const present = versionOf({ name: 'a', size: 1 });

  it('holds without any, for any state, and for a list that names the present one', () => {
    for (const precondition of [undefined, 'any', [present], ['other', present]] as const) {
      expect(() => requireVersion(precondition, present)).not.toThrow();
    }
  });

  it('fails once the state is another one', () => {
    const changed = versionOf({ name: 'a', size: 2 });
    expect(changed).not.toBe(present);
    expect(() => requireVersion([present], changed)).toThrow(expect.objectContaining({ code: 'precondition.failed' }));
    expect(() => requireVersion([], changed)).toThrow(expect.objectContaining({ code: 'precondition.failed' }));
  });

  it('knows equal states as equal', () => {
    expect(versionOf({ name: 'a', size: 1 })).toBe(present);
    expect(versionOf({ size: 1, name: 'a' })).toBe(present);
  });
});
