// Usage: node tools/testing/exercised.mjs [folder]
// After a run of all tests: is there an operation at some door that no end-to-end test exercised? The tests leave one line per
// service that they started (libs/distribution-service/src/testing/exercise-record.ts): what its own documents name, and what it counted.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(import.meta.dirname, '../..');

/** Where the tests of a whole run leave their lines, and the variable that tells them. */
export const EXERCISE_FOLDER = path.join(root, 'coverage/exercised');
export const EXERCISE_VARIABLE = 'DISTRIBUTARY_EXERCISE_FOLDER';

/** What leaves out no test. */
const HARMLESS = /^(--ci|--coverage|--json|--outputFile=.*|--silent|--verbose|--maxWorkers=.*|--runInBand|-i)$/;

/** Whether a run with these arguments of run-tests.mjs runs every test that needs nothing but Node. */
export const isWholeRun = (args) => args.every((arg) => HARMLESS.test(arg));

export function readRecords(folder) {
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder)
    .filter((file) => file.endsWith('.jsonl'))
    .flatMap((file) => fs.readFileSync(path.join(folder, file), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** What each service has to show by itself: that another one has the same operation proves nothing of it. */
export const SERVICES = ['monitoring', 'market-data'];

/**
 * What the records' documents name, and what is missing in all of them together: names that were never answered with
 * success, and names with input of which nothing was ever refused.
 */
export function judge(records) {
  const documented = new Map(records.flatMap((record) => record.documented.map(({ name, ...one }) => [name, one])));
  const served = new Set(records.flatMap((record) => record.served));
  const refused = new Set(records.flatMap((record) => record.refused));
  const names = [...documented.keys()].sort();
  return {
    documented: names.length,
    neverServed: names.filter((name) => documented.get(name).canServe && !served.has(name)),
    neverRefused: names.filter((name) => documented.get(name).canRefuse && !refused.has(name)),
  };
}

/** Prints the verdict. False: something is missing. */
export function reportExercised(folder = EXERCISE_FOLDER, print = console.log) {
  const records = readRecords(folder);
  const isWhole = SERVICES.map((service) => reportService(service, records, (line) => print(`${service}: ${line}`)));
  return !isWhole.includes(false);
}

function reportService(service, records, print) {
  const { documented, neverServed, neverRefused } = judge(records.filter((record) => record.service === service));
  if (documented === 0) {
    print('no end-to-end test left a record of what it exercised');
    return false;
  }
  for (const name of neverServed) print(`never exercised with success by an end-to-end test: ${name}`);
  for (const name of neverRefused) print(`no end-to-end test was refused anything by: ${name}`);
  const missing = neverServed.length + neverRefused.length;
  print(`${documented} documented operations at all doors, ${missing === 0 ? 'all exercised' : `${missing} gaps`}`);
  return missing === 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!reportExercised(process.argv[2])) process.exitCode = 1;
}
