import fs from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
const rows = fs
  .readFileSync(path.join(root, 'docs/features.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| [A-Z]/.test(line))
  .map((line) => {
    const cells = line.slice(1, -1).split('|');
    const [id, feature, state, where, proof] = cells.map((cell) => cell.trim());
    const places = (text) => [...(text ?? '').matchAll(/`([^`]+)`/g)].map(([, place]) => place);
    return { id, feature, state, where: places(where), proof: places(proof), cells: cells.length };
  });
const missing = (places) => places.filter((place) => !fs.existsSync(path.join(root, place)));

describe('docs/features.md', () => {
  test('has one well-formed row for each feature', () => {
    expect(rows.length).toBeGreaterThan(250);
    expect(rows.filter((row) => row.cells !== 5)).toEqual([]);
    const ids = rows.map((row) => row.id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  test('knows three states', () => {
    expect(rows.filter((row) => !['done', 'partly', 'not yet'].includes(row.state))).toEqual([]);
  });

  test('says where a feature lives, and what proves one that is done', () => {
    expect(rows.filter((row) => row.state !== 'not yet' && row.where.length === 0).map((row) => row.id)).toEqual([]);
    expect(rows.filter((row) => row.state === 'done' && row.proof.length === 0).map((row) => row.id)).toEqual([]);
  });

  test('names only places that exist', () => {
    const wrong = rows.filter((row) => missing([...row.where, ...row.proof]).length > 0);
    expect(wrong.map((row) => [row.id, ...missing([...row.where, ...row.proof])])).toEqual([]);
  });
});
