// Usage: node tools/testing/count-tests.mjs <files that jest --json wrote>
// Prints `N passed, N failed, N skipped`, of all of them together. A suite that could not even load counts as one failed test.
import fs from 'node:fs';

const counts = { passed: 0, failed: 0, skipped: 0 };
for (const file of process.argv.slice(2)) {
  // A step that did not come to its end wrote nothing; it is a failed step.
  if (!fs.existsSync(file)) continue;
  const results = JSON.parse(fs.readFileSync(file, 'utf8'));
  counts.passed += results.numPassedTests;
  counts.failed += results.numFailedTests + results.numRuntimeErrorTestSuites;
  counts.skipped += results.numPendingTests + results.numTodoTests;
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
