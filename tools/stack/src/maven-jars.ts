import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run } from './command.js';
import { STACK_FOLDER } from './places.js';

export interface MavenArtifact {
  readonly group: string;
  readonly name: string;
  readonly version: string;
}

/** A whole program in one archive. */
export interface MavenArchive extends MavenArtifact {
  readonly type: 'tar.gz';
  readonly classifier: string;
  readonly sha256: string;
}

export interface FetchOptions {
  /** Poms among them name repositories that are gone; everything is to be had where Maven looks first. */
  readonly isFromFirstRepository?: boolean;
}

const FETCHED_WITHIN_MS = 600_000;

/**
 * The folder with the jars of these artifacts and all that they need at run time. Maven checks each jar against its
 * checksum. What is there already is not fetched again.
 */
export function mavenJars(artifacts: readonly MavenArtifact[], options: FetchOptions = {}): Promise<string> {
  return fetchOnce(pomOf(artifacts), 'lib', () => Promise.resolve(), options);
}

/** The folder of an unpacked archive. */
export function mavenArchive(archive: MavenArchive): Promise<string> {
  return fetchOnce(pomOf([archive]), 'unpacked', async (half) => {
    const { name, version, classifier, type, sha256 } = archive;
    const file = path.join(half, `${name}-${version}-${classifier}.${type}`);
    const found = await sha256Of(file);
    if (found !== sha256) throw new Error(`${name} ${version} is not what it was: its SHA-256 is ${found}`);
    const { code, output } = await run('tar', ['-xzf', file, '-C', half]);
    if (code !== 0) throw new Error(`${name} ${version} could not be unpacked: ${output}`);
    rmSync(file);
  });
}

async function fetchOnce(
  pom: string,
  result: string,
  finish: (half: string) => Promise<void>,
  { isFromFirstRepository = false }: FetchOptions = {},
): Promise<string> {
  const folder = path.join(STACK_FOLDER, 'maven', createHash('sha256').update(pom).digest('hex').slice(0, 16));
  const wanted = path.join(folder, result);
  if (existsSync(wanted)) return wanted;
  mkdirSync(folder, { recursive: true });
  const half = path.join(folder, `half-${process.pid}`);
  const file = path.join(folder, 'pom.xml');
  writeFileSync(file, pom);
  const settings = isFromFirstRepository ? ['-gs', await mirrorSettings(folder)] : [];
  const copy = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${half}`];
  const maven = ['-B', '-q', '-C', ...settings, '-f', file, ...copy];
  const { code, output } = await run('mvn', maven, { timeoutMs: FETCHED_WITHIN_MS });
  try {
    if (code !== 0) {
      throw new Error(`it could not be fetched; this needs Maven (mvn) and Java 17 or newer:\n${output.slice(-2_000)}`);
    }
    await finish(half);
    // Another process may have been faster.
    if (!existsSync(wanted)) renameSync(half, wanted);
    return wanted;
  } finally {
    rmSync(half, { recursive: true, force: true });
  }
}

/** Settings by which Maven asks its first repository for what it would ask others for. A user's own mirrors go before. */
async function mirrorSettings(folder: string): Promise<string> {
  const [empty, answer, file] = ['empty.xml', `first-${process.pid}.txt`, `settings-${process.pid}.xml`].map((name) =>
    path.join(folder, name),
  );
  writeFileSync(empty, pomOf([]));
  const ask = ['help:evaluate', '-Dexpression=project.repositories[0].url', `-Doutput=${answer}`];
  const { code, output } = await run('mvn', ['-B', '-q', '-f', empty, ...ask]);
  if (code !== 0) throw new Error(`Maven does not say where it looks first:\n${output.slice(-2_000)}`);
  const mirror = `<id>first</id><mirrorOf>*,!central</mirrorOf><url>${readFileSync(answer, 'utf8').trim()}</url>`;
  writeFileSync(file, `<settings><mirrors><mirror>${mirror}</mirror></mirrors></settings>\n`);
  rmSync(answer);
  return file;
}

export function pomOf(artifacts: readonly (MavenArtifact | MavenArchive)[]): string {
  return (
    '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>' +
    '<groupId>local</groupId><artifactId>jars</artifactId><version>1</version><packaging>pom</packaging><dependencies>' +
    artifacts.map(dependencyOf).join('') +
    '</dependencies></project>\n'
  );
}

function dependencyOf(artifact: MavenArtifact | MavenArchive): string {
  const { group, name, version } = artifact;
  const which = `<groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version>`;
  if (!('classifier' in artifact)) return `<dependency>${which}</dependency>`;
  // An archive has all that it needs inside.
  const alone = '<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>';
  const { type, classifier } = artifact;
  return `<dependency>${which}<type>${type}</type><classifier>${classifier}</classifier>${alone}</dependency>`;
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
