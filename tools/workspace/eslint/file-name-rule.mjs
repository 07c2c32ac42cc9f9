import path from 'node:path';

const BANNED = new Set([
  'utils',
  'util',
  'helpers',
  'helper',
  'common',
  'misc',
  'manager',
  'base',
  'shared',
  'types-dump',
]);
const KEBAB_CASE = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/** Names of files and folders say what a thing is. Migrations carry their time in front of their name. */
export const fileNameRule = {
  meta: {
    type: 'problem',
    docs: { description: 'file and folder names are kebab-case and say what the thing is' },
    schema: [{ type: 'object', properties: { root: { type: 'string' } }, additionalProperties: false }],
    messages: {
      banned: '"{{name}}" says nothing: ask what the thing is',
      shape: '"{{name}}" is not kebab-case',
    },
  },
  create(context) {
    return {
      Program(node) {
        const relative = path.relative(context.options[0].root, context.filename);
        const parts = relative.split(path.sep);
        parts.push(parts.pop().replace(/\.[a-z]+$/, ''));
        for (const name of parts.flatMap((part) => part.split('.'))) {
          if (name === '') continue;
          if (BANNED.has(name)) context.report({ node, messageId: 'banned', data: { name } });
          else if (!KEBAB_CASE.test(name)) context.report({ node, messageId: 'shape', data: { name } });
        }
      },
    };
  },
};
