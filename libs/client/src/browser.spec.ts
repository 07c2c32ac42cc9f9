import { readFileSync } from 'node:fs';
import path from 'node:path';

const source = import.meta.dirname;

/** What a bundle of `entry` loads: types are gone by then. */
function loadedBy(entry: string): { readonly files: Set<string>; readonly packages: Set<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const waiting = [path.join(source, entry)];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    const imports = readFileSync(file, 'utf8').matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)';/gms);
    for (const [, name] of imports) {
      if (name.startsWith('.')) waiting.push(path.resolve(path.dirname(file), name.replace(/\.js$/, '.ts')));
      else packages.add(name);
    }
  }
  return { files, packages };
}

describe('the entry for browsers', () => {
  it('loads no package at all, and nothing that only Node has', () => {
    const { files, packages } = loadedBy('index.ts');
    expect(files.size).toBeGreaterThan(20);
    expect([...packages]).toEqual([]);
    for (const file of files) expect(readFileSync(file, 'utf8')).not.toMatch(/\b(Buffer\.|process\.|setImmediate\()/);
  });

  it('is what the entry for Node adds only ws to', () => {
    expect([...loadedBy('node/index.ts').packages]).toEqual(['ws']);
  });
});
