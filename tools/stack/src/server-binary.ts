import { existsSync } from 'node:fs';
import path from 'node:path';
import { run } from './command.js';
import { unpackDebianPackages } from './debian-packages.js';
import { STACK_FOLDER } from './places.js';

export interface ServerProgram {
  /** Of the binary. */
  readonly name: string;
  readonly packages: readonly string[];
}

export interface ServerBinary {
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
  /** The folder that stands for `/`; undefined if the program is installed. */
  readonly unpackedAt: string | undefined;
  /** As whom it runs; absent: as who starts it. */
  readonly ids?: { readonly uid?: number; readonly gid?: number };
}

/** Debian's packages of libraries that the servers need and a small machine may lack. */
const LIBRARY_PACKAGES: Readonly<Record<string, string>> = {
  'libatomic.so.1': 'libatomic1',
  'libjemalloc.so.2': 'libjemalloc2',
  'liblzf.so.1': 'liblzf1',
  'libssl.so.3': 'libssl3',
  'libcrypto.so.3': 'libssl3',
  'libsystemd.so.0': 'libsystemd0',
  'libcap.so.2': 'libcap2',
  'libgcrypt.so.20': 'libgcrypt20',
  'libgpg-error.so.0': 'libgpg-error0',
  'liblzma.so.5': 'liblzma5',
  'libzstd.so.1': 'libzstd1',
  'liblz4.so.1': 'liblz4-1',
};

/** The installed program, or the one of Debian's package unpacked below the cache folder, with the libraries it lacks. */
export async function findServerBinary(program: ServerProgram): Promise<ServerBinary> {
  const installed = (process.env.PATH ?? '')
    .split(path.delimiter)
    .map((folder) => path.join(folder, program.name))
    .find((file) => existsSync(file));
  if (installed !== undefined) return { path: installed, env: {}, unpackedAt: undefined };
  const folder = path.join(STACK_FOLDER, program.name);
  const unpacked = await unpackDebianPackages(folder, program.packages);
  const file = path.join(unpacked, 'usr/bin', program.name);
  let env = environmentOf(unpacked);
  const missing = await missingLibraries(file, env);
  if (missing.length > 0) {
    const packages = missing.map((library) => LIBRARY_PACKAGES[library]);
    if (packages.includes(undefined as unknown as string)) {
      throw new Error(`${program.name} needs ${missing.join(', ')}, of which no package is known`);
    }
    await unpackDebianPackages(folder, [...new Set(packages)]);
    env = environmentOf(unpacked);
    const still = await missingLibraries(file, env);
    if (still.length > 0) throw new Error(`${program.name} lacks ${still.join(', ')}`);
  }
  return { path: file, env, unpackedAt: unpacked };
}

/** Debian keeps libraries in a folder per machine; both are looked at. */
function environmentOf(unpacked: string): NodeJS.ProcessEnv {
  const machine = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }[process.arch as string] ?? process.arch;
  const folders = ['usr/lib', 'lib'].flatMap((lib) => [path.join(lib, machine), lib]);
  return { LD_LIBRARY_PATH: folders.map((folder) => path.join(unpacked, folder)).join(':') };
}

async function missingLibraries(file: string, env: NodeJS.ProcessEnv): Promise<string[]> {
  const { output } = await run('ldd', [file], { env: { ...process.env, ...env } });
  return [...output.matchAll(/^\s*(\S+) => not found$/gm)].map(([, library]) => library);
}
