// Usage: node tools/workspace/lint-planted.mjs < cases.json
// Lints pieces of code as if they stood in the named files: [{ file, code }, …] → [[{ rule, message }, …], …].
// A process of its own, because the linter takes the workspace for the program that runs it.
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { ESLint } from 'eslint';

const root = path.resolve(import.meta.dirname, '../..');
const eslint = new ESLint({ cwd: root });
const answers = [];
for (const { file, code } of JSON.parse(await text(process.stdin))) {
  const [result] = await eslint.lintText(code, { filePath: path.join(root, file) });
  answers.push(result.messages.map(({ ruleId, message }) => ({ rule: ruleId, message })));
}
process.stdout.write(JSON.stringify(answers));
