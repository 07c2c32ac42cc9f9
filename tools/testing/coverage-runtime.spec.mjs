import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const root = path.resolve(import.meta.dirname, '../..');

/** Files of a project that Jest is run on, in one process. */
const PROJECT = {
  'choice.mjs': `export function choose(isFirst) {
  if (isFirst) {
    return 'first';
  } else {
    return 'second';
  }
}
`,
  'first.spec.mjs': `import { choose } from './choice.mjs';
test('it', () => expect(choose(true)).toBe('first'));
`,
  'second.spec.mjs': `import { choose } from './choice.mjs';
test('it', () => expect(choose(false)).toBe('second'));
`,
};

describe('the coverage of suites that share a process', () => {
  let folder;
  beforeEach(() => {
    folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'distributary-coverage-')));
    for (const [name, text] of Object.entries(PROJECT)) fs.writeFileSync(path.join(folder, name), text);
    const config = {
      rootDir: folder,
      runtime: path.join(import.meta.dirname, 'coverage-runtime.cjs'),
      testMatch: ['**/*.spec.mjs'],
      moduleFileExtensions: ['mjs', 'js'],
      transform: {},
      cacheDirectory: path.join(folder, 'cache'),
      collectCoverage: true,
      coverageProvider: 'v8',
      coverageReporters: ['json-summary'],
    };
    fs.writeFileSync(path.join(folder, 'jest.config.json'), JSON.stringify(config));
  });
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

  /** Figures of `choice.mjs`, after these suites. */
  const cover = async (...suites) => {
    const jest = path.join(root, 'node_modules/jest/bin/jest.js');
    const options = ['--config', path.join(folder, 'jest.config.json'), '--runInBand'];
    await promisify(execFile)(process.execPath, ['--experimental-vm-modules', jest, ...options, ...suites], {
      cwd: folder,
      timeout: 60_000,
    });
    const summary = JSON.parse(fs.readFileSync(path.join(folder, 'coverage/coverage-summary.json'), 'utf8'));
    return summary[path.join(folder, 'choice.mjs')];
  };

  it('has what each of them ran', async () => {
    const both = await cover();
    expect(both.lines.pct).toBe(100);
    expect(both.branches.pct).toBe(100);
    expect(both.branches.total).toBeGreaterThan(1);
  }, 90_000);

  it('lacks what none of them ran', async () => {
    const { lines } = await cover('first.spec.mjs');
    expect(lines.pct).toBeLessThan(100);
  }, 90_000);
});
