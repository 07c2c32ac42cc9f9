// Usage: node tools/workspace/lint-planted.mjs < cases.json
// Lints pieces of code as if they stood in the named files: [{ file, code, isTyped }, …] → [[{ rule, message }, …], …].
// A process of its own, because the linter takes the workspace for the program that runs it.
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

const root = path.resolve(import.meta.dirname, '../..');
// By the rules of the workspace, but not with the types of all of it, which are worked out anew for each piece of code: most
// rules look at no types, and those that do get them from a project of one file.
const parserOptions = {
  projectService: false,
  project: path.join(import.meta.dirname, 'eslint/tsconfig.planted.json'),
  // With CI in the environment the parser takes the text of files from the disk, where nothing is planted.
  disallowAutomaticSingleRunInference: true,
};
const typed = new ESLint({ cwd: root, overrideConfig: { files: ['**/*.ts'], languageOptions: { parserOptions } } });
const untyped = new ESLint({
  cwd: root,
  overrideConfig: { files: ['**/*.ts'], ...tseslint.configs.disableTypeChecked },
});
const answers = [];
for (const { file, code, isTyped } of JSON.parse(await text(process.stdin))) {
  const [result] = await (isTyped ? typed : untyped).lintText(code, { filePath: path.join(root, file) });
  answers.push(result.messages.map(({ ruleId, message }) => ({ rule: ruleId, message })));
}
process.stdout.write(JSON.stringify(answers));
