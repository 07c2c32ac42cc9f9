import { builtinModules } from 'node:module';
import path from 'node:path';
import { refusalOfPackage, refusalOfProject } from '../boundaries.mjs';

const BUILTINS = new Set(builtinModules);
/** Files that only tests load. */
const TEST_FILE = /\.(spec|contract)\.ts$|\/testing\//;
/** Tests against real servers, and what starts the servers: no package, so that no program can come to need it. */
const STACK_SPEC = /\.stack\.spec\.ts$/;
const STACK = 'tools/stack/src/index.js';

function packageNameOf(source) {
  return source.split('/', source.startsWith('@') ? 2 : 1).join('/');
}

/** Every way to name another module: import, export from, import(), require(), import type. */
export const boundariesRule = {
  meta: {
    type: 'problem',
    docs: { description: 'imports follow the table of tools/workspace/boundaries.mjs' },
    schema: [{ type: 'object', additionalProperties: true }],
    messages: { refused: '{{reason}} (tools/workspace/boundaries.mjs)' },
  },
  create(context) {
    const { root, importer, projects } = context.options[0];
    const isTest = TEST_FILE.test(context.filename.split(path.sep).join('/')) || importer.type === 'testing';
    const home = path.join(root, importer.root) + path.sep;

    function refusalOf(source) {
      if (source.startsWith('.')) {
        const target = path.resolve(path.dirname(context.filename), source);
        if (STACK_SPEC.test(context.filename) && target === path.join(root, STACK)) return undefined;
        return target.startsWith(home) ? undefined : 'a relative import may not leave its project';
      }
      const isBuiltin = source.startsWith('node:') || BUILTINS.has(source);
      const name = packageNameOf(source);
      const target = projects[name];
      if (target === undefined) return refusalOfPackage(importer, isBuiltin ? source : name, { isBuiltin, isTest });

      const subpath = source.slice(name.length + 1);
      if (subpath === 'testing') {
        const mayTest = isTest || importer.type === 'tool';
        if (!mayTest) return 'testing is for specs, contract suites and tools';
      } else if (subpath !== '' && !target.subpaths.includes(subpath))
        return `only what ${name} exports is public, not ${subpath}`;
      // The suites of a domain port are run by the adapters' specs; a spec has the layer of its project otherwise.
      return target === projects[importer.packageName]
        ? refusalOfProject(target, target)
        : refusalOfProject(importer, target);
    }

    function check(node, source) {
      if (source?.type !== 'Literal' || typeof source.value !== 'string') return;
      const reason = refusalOf(source.value);
      if (reason !== undefined) context.report({ node, messageId: 'refused', data: { reason } });
    }

    return {
      ImportDeclaration: (node) => check(node, node.source),
      ExportNamedDeclaration: (node) => check(node, node.source),
      ExportAllDeclaration: (node) => check(node, node.source),
      ImportExpression: (node) => check(node, node.source),
      TSImportType: (node) => check(node, node.source ?? node.argument?.literal),
      CallExpression: (node) => {
        if (node.callee.type === 'Identifier' && node.callee.name === 'require') check(node, node.arguments[0]);
      },
    };
  },
};
