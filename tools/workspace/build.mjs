// Usage: node tools/workspace/build.mjs <project folder>
// Transpiles src/**/*.ts to dist with the settings of .swcrc and copies everything else that a program reads at run time.
import fs from 'node:fs';
import path from 'node:path';
import { transformFile } from '@swc/core';

const root = path.resolve(import.meta.dirname, '../..');
const project = path.resolve(process.argv[2] ?? '.');
const source = path.join(project, 'src');
const target = path.join(project, 'dist');
const {
  exclude: _exclude,
  $schema: _schema,
  ...swcOptions
} = JSON.parse(fs.readFileSync(path.join(root, '.swcrc'), 'utf8'));

fs.rmSync(target, { recursive: true, force: true });
const files = fs
  .readdirSync(source, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));

await Promise.all(
  files.map(async (file) => {
    if (/\.(spec|d)\.ts$/.test(file)) return;
    const output = path.join(target, path.relative(source, file));
    fs.mkdirSync(path.dirname(output), { recursive: true });
    if (!file.endsWith('.ts')) return fs.copyFileSync(file, output);
    const script = output.replace(/\.ts$/, '.js');
    const { code, map } = await transformFile(file, {
      ...swcOptions,
      swcrc: false,
      sourceFileName: path.relative(path.dirname(script), file),
    });
    fs.writeFileSync(script, `${code}\n//# sourceMappingURL=${path.basename(script)}.map\n`);
    fs.writeFileSync(`${script}.map`, map);
  }),
);
