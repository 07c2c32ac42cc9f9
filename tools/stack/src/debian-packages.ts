import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { run } from './command.js';

/**
 * Unpacks Debian packages below `folder`, without installing anything: no root, no scripts of the packages, nothing
 * outside of the folder. apt verifies the signatures as ever. What is there already is not fetched again.
 */
export async function unpackDebianPackages(folder: string, packages: readonly string[]): Promise<string> {
  const unpacked = path.join(folder, 'root');
  const marks = path.join(folder, 'unpacked');
  mkdirSync(marks, { recursive: true });
  const missing = packages.filter((name) => !existsSync(path.join(marks, name)));
  if (missing.length === 0) return unpacked;
  const download = path.join(folder, `download-${process.pid}`);
  mkdirSync(download, { recursive: true });
  try {
    await fetchPackages(folder, download, missing);
    for (const file of readdirSync(download).filter((name) => name.endsWith('.deb'))) {
      const { code, output } = await run('dpkg', ['-x', path.join(download, file), unpacked]);
      if (code !== 0) throw new Error(`dpkg could not unpack ${file}: ${output}`);
    }
    for (const name of missing) {
      mkdirSync(path.join(download, name), { recursive: true });
      if (!existsSync(path.join(marks, name))) renameSync(path.join(download, name), path.join(marks, name));
    }
    return unpacked;
  } finally {
    rmSync(download, { recursive: true, force: true });
  }
}

/** With the lists that the machine has; if they do not do, with lists of our own. */
async function fetchPackages(folder: string, download: string, packages: readonly string[]): Promise<void> {
  const asWhoIsRunning = ['-o', 'APT::Sandbox::User=root'];
  const first = await run('apt-get', [...asWhoIsRunning, 'download', ...packages], { cwd: download });
  if (first.code === 0) return;
  const own = path.join(folder, 'apt');
  mkdirSync(path.join(own, 'lists/partial'), { recursive: true });
  mkdirSync(path.join(own, 'cache/archives/partial'), { recursive: true });
  const ownLists = [
    ...asWhoIsRunning,
    '-o',
    `Dir::State::lists=${path.join(own, 'lists')}`,
    '-o',
    `Dir::Cache=${path.join(own, 'cache')}`,
  ];
  const updated = await run('apt-get', [...ownLists, 'update'], { timeoutMs: 180_000 });
  const second = await run('apt-get', [...ownLists, 'download', ...packages], { cwd: download });
  if (second.code === 0) return;
  throw new Error(
    `${packages.join(', ')} could not be fetched with apt-get: install it, so that it is in PATH.\n` +
      [first, updated, second].map(({ output }) => output.trim()).join('\n'),
  );
}
