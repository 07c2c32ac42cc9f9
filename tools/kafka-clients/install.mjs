import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const folder = path.resolve(import.meta.dirname, '../../.cache/kafka-clients');

/** A candidate of this version, in a folder of its own: what is not chosen is nobody's dependency. */
export async function load(name, version) {
  const place = path.join(folder, `${name.replace(/[^a-z]/g, '-')}-${version}`);
  if (!existsSync(path.join(place, 'node_modules', name))) {
    mkdirSync(place, { recursive: true });
    writeFileSync(path.join(place, 'package.json'), '{ "private": true }');
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', `${name}@${version}`], {
      cwd: place,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
  return import(pathToFileURL(createRequire(path.join(place, 'x.js')).resolve(name)).href);
}
