import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { majorOf, ownTemporaryFolder } from './java-runtime.js';

describe('the version of a Java', () => {
  it.each([
    ['openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment', 17],
    ['openjdk version "25" 2025-09-16', 25],
    ['java version "1.8.0_202"', 8],
    ['sh: 1: java: not found', 0],
  ])('is read from what it prints: %s', (printed, major) => {
    expect(majorOf(printed)).toBe(major);
  });
});

describe('the temporary folder of a Java', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(os.tmpdir(), 'distributary-java-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('lies in the folder of its server, and is empty at each start', () => {
    const temporary = ownTemporaryFolder(folder).replace('-Djava.io.tmpdir=', '');
    expect(temporary.startsWith(`${folder}/`)).toBe(true);
    writeFileSync(path.join(temporary, 'librocksdbjni1.so'), '');
    ownTemporaryFolder(folder);
    expect(existsSync(temporary)).toBe(true);
    expect(readdirSync(temporary)).toEqual([]);
  });
});
