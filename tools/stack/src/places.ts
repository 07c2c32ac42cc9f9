import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../../..');

/** Everything that the tool downloads, unpacks or starts is below this folder, which no commit ever sees. */
export const STACK_FOLDER = path.join(root, '.cache/stack');
