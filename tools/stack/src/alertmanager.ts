import { copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findServerBinary, type ServerBinary } from './server-binary.js';
import type { StackServer } from './stack-server.js';

const TEMPLATES = ['default.tmpl', 'email.tmpl'];
const TEMPLATE_FOLDER = '/usr/share/prometheus/alertmanager';

const NOBODY = 'route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n';

/** `configuration`: the text of alertmanager.yml; without it, alerts are taken and sent to nobody. */
export const alertmanager = (configuration: string = NOBODY): StackServer => ({
  kind: 'alertmanager',
  program: () => findServerBinary({ name: 'prometheus-alertmanager', packages: ['prometheus-alertmanager'] }),
  port: 19_993,
  arguments: ({ folder, port }) => {
    const file = path.join(folder, 'alertmanager.yml');
    writeFileSync(file, configuration);
    return [
      `--config.file=${file}`,
      `--storage.path=${path.join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ];
  },
  adapt: withTemplatesBeside,
  isHealthy: async (port) =>
    (await fetch(`http://127.0.0.1:${port}/-/ready`, { signal: AbortSignal.timeout(1_000) })).ok,
  url: (port) => `http://127.0.0.1:${port}`,
});

/**
 * Debian's build looks for its templates in /usr/share, and nowhere else. What is unpacked stays in its folder: a copy of
 * the program looks where it runs (the path in it is replaced by one as long), and the templates are put there.
 */
function withTemplatesBeside({ path: file, unpackedAt }: ServerBinary, { folder }: { folder: string }): string {
  if (unpackedAt === undefined) return file;
  for (const name of TEMPLATES) copyFileSync(path.join(unpackedAt, TEMPLATE_FOLDER, name), path.join(folder, name));
  const copy = `${file}-beside`;
  if (existsSync(copy)) return copy;
  const program = readFileSync(file);
  for (let at = program.indexOf(TEMPLATE_FOLDER); at >= 0; at = program.indexOf(TEMPLATE_FOLDER, at + 1)) {
    // Longer paths that begin alike are those of its pages.
    if (program[at + TEMPLATE_FOLDER.length] !== 0x2f) program.write('.'.padEnd(TEMPLATE_FOLDER.length, '/'), at);
  }
  const half = `${copy}-${process.pid}`;
  writeFileSync(half, program, { mode: 0o755 });
  renameSync(half, copy);
  return copy;
}
