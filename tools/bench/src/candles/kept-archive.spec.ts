import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { noteTrades, tradesIn } from './kept-archive.js';

describe('an archive that a bench has kept', () => {
  let folder: string;
  beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'distributary-candles-'))));
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  it('is known with its trades once it is whole, and not before', () => {
    expect(tradesIn(path.join(folder, 'missing'))).toBeUndefined();
    expect(tradesIn(folder)).toBeUndefined();
    fs.mkdirSync(path.join(folder, 'market-data'));
    expect(() => tradesIn(folder)).toThrow('has something else, or an archive that was not finished');
    noteTrades(folder, 2_000);
    expect(tradesIn(folder)).toBe(2_000);
  });
});
