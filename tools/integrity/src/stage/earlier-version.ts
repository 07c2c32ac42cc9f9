import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { temporaryFolder } from './temporary-folder.js';
import { MONITORING, scriptOf } from './tested-service.js';

const ROOT = path.resolve(import.meta.dirname, '../../../..');
const STEP_LIMIT_MS = 600_000;

/** The service as it was at an earlier commit. */
export interface EarlierVersion {
  readonly commit: string;
  /** What starts it. */
  readonly script: string;
  remove(): void;
}

/**
 * Clones this repository into a folder of its own, and installs and builds there what it was at the commit.
 *
 * @param ref a commit; absent: the last tag
 * @throws an Error that names the step and what it said
 */
export function buildEarlierVersion(ref: string | undefined, tell: (line: string) => void): EarlierVersion {
  const { folder, remove } = temporaryFolder('earlier');
  const workspace = path.join(folder, 'workspace');
  const commit = run(ROOT, 'git', 'rev-parse', '--short', `${ref ?? lastTag()}^{commit}`);
  tell(`building the version of ${commit}`);
  run(ROOT, 'git', 'clone', '--quiet', '--no-checkout', ROOT, workspace);
  run(workspace, 'git', 'checkout', '--quiet', commit);
  run(workspace, 'npm', 'ci', '--no-audit', '--no-fund');
  run(workspace, 'npm', 'run', '--silent', 'build');
  return { commit, script: scriptOf(MONITORING, workspace), remove };
}

/** Without any tag: what came before this commit. */
function lastTag(): string {
  const [tag] = run(ROOT, 'git', 'tag', '--merged', 'HEAD', '--sort=-creatordate').split('\n');
  return tag === '' ? 'HEAD~1' : tag;
}

function run(cwd: string, command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: STEP_LIMIT_MS });
  if (status === 0) return stdout.trim();
  throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
}
