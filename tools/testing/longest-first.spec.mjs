import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import LongestFirst from './longest-first.cjs';

describe('the order of suites without times', () => {
  let folder;
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'distributary-order-'));
  });
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

  const context = () => ({ config: { cache: false }, hasteFS: { getSize: (file) => fs.statSync(file).size } });
  const sorted = (files, shared = context()) => {
    const tests = Object.entries(files).map(([name, text]) => {
      fs.writeFileSync(path.join(folder, name), text);
      return { path: path.join(folder, name), context: shared };
    });
    return new LongestFirst({}).sort(tests).map((test) => path.basename(test.path));
  };

  it('begins with contracts, and those that run the suites of other files count for all of them', () => {
    fs.writeFileSync(path.join(folder, 'one.e2e.spec.ts'), 'x'.repeat(300));
    fs.writeFileSync(path.join(folder, 'two.e2e.spec.ts'), 'x'.repeat(300));
    const runner = "await import('./one.e2e.spec.js');\nawait import('./two.e2e.spec.js');\n";
    const files = { 'a.spec.ts': '1'.repeat(500), 'runner.spec.ts': runner, 'b.contract.spec.ts': '', 'c.spec.ts': '' };
    expect(sorted(files)).toEqual(['b.contract.spec.ts', 'runner.spec.ts', 'a.spec.ts', 'c.spec.ts']);
  });

  it('is left to Jest when there are times', () => {
    const shared = { ...context(), config: { cache: true, id: 'x', cacheDirectory: folder } };
    const sequencer = new LongestFirst({});
    const tests = ['slow', 'quick'].map((name) => ({
      path: path.join(folder, `${name}.contract.ts`),
      context: shared,
    }));
    sequencer._cache.set(shared, { [tests[0].path]: [1, 9_000], [tests[1].path]: [1, 9] });
    expect(sequencer.sort(tests.toReversed()).map((test) => path.basename(test.path, '.contract.ts'))).toEqual([
      'slow',
      'quick',
    ]);
  });
});
