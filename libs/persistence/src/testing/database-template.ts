import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { binariesFolder, chooseRunAs } from '../postgres-binaries.js';
import { initialise, serverFiles } from '../postgres-server.js';

/** Names a folder that ends with the run of the tests: what suites of any process may share lies there. */
const RUN_FOLDER_VARIABLE = 'DISTRIBUTARY_TEST_RUN_FOLDER';

/**
 * Gives `directory` what `EmbeddedPostgres` makes at its first start, as a copy: one `initdb` a run takes the place of one
 * for each database. Nothing is done in a run without a folder. Not on a database that is there.
 */
export async function copyInitialisedDatabase(directory: string): Promise<void> {
  const runFolder = process.env[RUN_FOLDER_VARIABLE];
  if (runFolder === undefined || existsSync(serverFiles(directory).data)) return;
  const template = path.join(runFolder, 'database');
  if (!existsSync(template)) makeTemplate(runFolder, template);
  mkdirSync(directory, { recursive: true });
  // Modes and owners as they are: PostgreSQL wants a folder that is its own.
  await promisify(execFile)('cp', ['-a', `${template}/.`, directory]);
}

function makeTemplate(runFolder: string, template: string): void {
  const unfinished = mkdtempSync(path.join(runFolder, 'database-'));
  const binaries = binariesFolder();
  initialise(binaries, serverFiles(unfinished), chooseRunAs([unfinished, binaries]));
  try {
    renameSync(unfinished, template);
  } catch (error) {
    // Another process was quicker.
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(template)) throw error;
  }
}
