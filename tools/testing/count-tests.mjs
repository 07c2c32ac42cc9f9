// Usage: node tools/testing/count-tests.mjs <file that jest --json wrote>
// Prints `N passed, N failed, N skipped`. A suite that could not even load counts as one failed test.
import fs from 'node:fs';

const file = process.argv[2];
const counts = { passed: 0, failed: 0, skipped: 0 };
if (fs.existsSync(file)) {
  const results = JSON.parse(fs.readFileSync(file, 'utf8'));
  counts.passed = results.numPassedTests;
  counts.failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  counts.skipped = results.numPendingTests + results.numTodoTests;
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
