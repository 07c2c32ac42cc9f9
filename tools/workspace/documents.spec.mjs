import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');
const documents = execFileSync('git', ['ls-files', '*.md'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && fs.existsSync(path.join(root, file)));

/** The names that an interface of the stream's messages declares. */
function membersOf(declaration) {
  const source = read('libs/contracts/src/stream-messages.ts');
  const body = source.slice(source.indexOf(`interface ${declaration} {`)).split('\n}')[0];
  return [...body.matchAll(/^ {2}readonly (\w+)/gm)].map(([, name]) => name);
}

test.each(documents)('%s links only to what exists', (file) => {
  const targets = [...read(file).matchAll(/\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, target]) => target);
  const missing = targets.filter((target) => !fs.existsSync(path.join(root, path.dirname(file), target)));
  expect(missing).toEqual([]);
});

test('docs/guarantees.md names only tests that exist', () => {
  const rows = read('docs/guarantees.md')
    .split('\n')
    .filter((line) => line.startsWith('| **'));
  expect(rows.length).toBeGreaterThan(10);
  for (const row of rows) {
    const proof = row.split('|').at(-2);
    const places = [...proof.matchAll(/`([^`]+)`/g)].map(([, place]) => place);
    expect({ row, isMarked: proof.includes('not yet') || places.length > 0 }).toEqual({ row, isMarked: true });
    expect(places.filter((place) => !fs.existsSync(path.join(root, place)))).toEqual([]);
  }
});

describe('docs/protocol.md', () => {
  const protocol = read('docs/protocol.md');
  const isNamed = (name) => protocol.includes(`\`${name}\``);

  test('names every message', () => {
    const names = [...membersOf('ClientPayloads'), ...membersOf('ServerPayloads')];
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !isNamed(name))).toEqual([]);
  });

  test('names every field of a subscription and of what the server sends', () => {
    const declarations = [
      'SubscribePayload',
      'SubscribedPayload',
      'DataPayload',
      'SnapshotPayload',
      'GapPayload',
      'ErrorPayload',
    ];
    const fields = declarations.flatMap(membersOf);
    expect(fields.filter((name) => !isNamed(name))).toEqual([]);
  });

  test('names every error code and close code', () => {
    const errors = [...read('libs/distribution-core/src/errors/error-codes.ts').matchAll(/'([a-z_.]+)',/g)];
    expect(errors.map(([, code]) => code).filter((code) => !isNamed(code))).toEqual([]);
    const closes = [...read('libs/contracts/src/stream-messages.ts').matchAll(/^ {2}\w+: (4\d{3}),/gm)];
    expect(closes.map(([, code]) => code).filter((code) => !protocol.includes(`| ${code} |`))).toEqual([]);
  });
});
