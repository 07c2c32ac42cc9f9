import path from 'node:path';
import tseslint from 'typescript-eslint';
import { readProjects } from './tools/workspace/boundaries.mjs';
import { boundariesRule } from './tools/workspace/eslint/boundaries-rule.mjs';
import { fileNameRule } from './tools/workspace/eslint/file-name-rule.mjs';

const root = import.meta.dirname;
const projects = readProjects(root);
const distributary = { rules: { boundaries: boundariesRule, 'file-name': fileNameRule } };

const TESTS = ['**/*.spec.ts', '**/*.spec.mjs', '**/*.contract.ts', '**/testing/**', 'apps/*-e2e/**'];
/** Where a process begins: these may look at the environment and print. */
const EDGES = ['apps/*/src/main.ts', 'libs/client/src/cli/**', 'libs/client/bin/**', 'tools/**', '*.mjs', '.ci/**'];

const ENVIRONMENT = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'The environment is read once, by main.ts; take a config instead.',
};
/** The domain has no clock, no chance and no voice of its own. */
const AMBIENT = [
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: 'Time comes through Clock.',
  },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Time comes through Clock.' },
  {
    selector: "CallExpression[callee.object.name='performance'][callee.property.name='now']",
    message: 'Time comes through Clock.',
  },
  { selector: 'CallExpression[callee.name=/^(setTimeout|setInterval)$/]', message: 'Delays come through Clock.' },
  {
    selector: "MemberExpression[object.name='Math'][property.name='random']",
    message: 'Chance comes through IdSource or an argument.',
  },
  { selector: 'CallExpression[callee.name=/^random(UUID|Bytes|Int)$/]', message: 'Ids come through IdSource.' },
  { selector: "MemberExpression[object.name='process']", message: 'The domain does not know its process.' },
];

const boundaries = [...projects.values()].map((importer) => ({
  files: [`${importer.root}/**/*.ts`],
  rules: {
    'distributary/boundaries': ['error', { root, importer, projects: Object.fromEntries(projects) }],
  },
}));

export default tseslint.config(
  { ignores: ['**/dist/', '**/node_modules/', 'coverage/', '.cache/', '.nx/', '.data/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts', '**/*.mjs'],
    plugins: { distributary },
    rules: {
      'distributary/file-name': ['error', { root }],
      'no-console': 'error',
      'no-debugger': 'error',
      'no-eval': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'object-shorthand': 'error',
      eqeqeq: 'error',
      'no-restricted-syntax': ['error', ENVIRONMENT],
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommended],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: root } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { inheritedMethods: false } }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true }],
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        {
          argsIgnorePattern: '^_',
          varsIgnorePattern: '^_',
          caughtErrorsIgnorePattern: '^_',
          destructuredArrayIgnorePattern: '^_',
        },
      ],
    },
  },
  ...boundaries,
  {
    files: ['libs/distribution-core/src/**/*.ts'],
    ignores: TESTS,
    rules: { 'no-restricted-syntax': ['error', ENVIRONMENT, ...AMBIENT] },
  },
  { files: [...EDGES, ...TESTS], rules: { 'no-console': 'off', 'no-restricted-syntax': 'off' } },
);
