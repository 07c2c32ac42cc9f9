// Jest's order of the suites (`testSequencer`). In a fresh clone none has a time yet, and Jest takes the largest files first;
// a file that only runs the suites of other files is small, was begun last, and all else waited for it.
const fs = require('node:fs');
const path = require('node:path');
const { default: TestSequencer } = require('@jest/test-sequencer');

/** Characters that a contract suite counts for: it stands in distribution-core, whoever runs it. */
const CONTRACT = 20_000;

/** About how long a suite takes, in characters of what it runs. */
function weightOf(file) {
  const text = fs.readFileSync(file, 'utf8');
  const others = [...text.matchAll(/import\('(\.[^']*\.spec)\.js'\)/g)].map(([, name]) =>
    path.resolve(path.dirname(file), `${name}.ts`),
  );
  const ofOthers = others.reduce((sum, other) => sum + weightOf(other), 0);
  return text.length + ofOthers + (file.includes('.contract.') ? CONTRACT : 0);
}

module.exports = class LongestFirst extends TestSequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    if (sorted.some((test) => this.time(test) !== undefined)) return sorted;
    const weights = new Map(sorted.map((test) => [test, weightOf(test.path)]));
    return sorted.sort((one, other) => weights.get(other) - weights.get(one));
  }
};
