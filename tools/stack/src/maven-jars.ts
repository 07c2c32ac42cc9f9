import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run } from './command.js';
import { STACK_FOLDER } from './places.js';

export interface MavenArtifact {
  readonly group: string;
  readonly name: string;
  readonly version: string;
}

const FETCHED_WITHIN_MS = 600_000;

/**
 * The folder with the jars of these artifacts and all that they need at run time. Maven checks each jar against its
 * checksum. What is there already is not fetched again.
 */
export async function mavenJars(artifacts: readonly MavenArtifact[]): Promise<string> {
  const pom = pomOf(artifacts);
  const folder = path.join(STACK_FOLDER, 'maven', createHash('sha256').update(pom).digest('hex').slice(0, 16));
  const jars = path.join(folder, 'lib');
  if (existsSync(jars)) return jars;
  mkdirSync(folder, { recursive: true });
  const half = path.join(folder, `half-${process.pid}`);
  writeFileSync(path.join(folder, 'pom.xml'), pom);
  const { code, output } = await run(
    'mvn',
    [
      '-B',
      '-q',
      '-C',
      '-f',
      path.join(folder, 'pom.xml'),
      'dependency:copy-dependencies',
      '-DincludeScope=runtime',
      `-DoutputDirectory=${half}`,
    ],
    { timeoutMs: FETCHED_WITHIN_MS },
  );
  if (code !== 0) {
    rmSync(half, { recursive: true, force: true });
    throw new Error(
      `the jars could not be fetched; this needs Maven (mvn) and Java 17 or newer:\n${output.slice(-2_000)}`,
    );
  }
  // Another process may have been faster.
  if (existsSync(jars)) rmSync(half, { recursive: true, force: true });
  else renameSync(half, jars);
  return jars;
}

const pomOf = (artifacts: readonly MavenArtifact[]): string =>
  '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>' +
  '<groupId>local</groupId><artifactId>jars</artifactId><version>1</version><packaging>pom</packaging><dependencies>' +
  artifacts
    .map(
      ({ group, name, version }) =>
        `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`,
    )
    .join('') +
  '</dependencies></project>\n';
