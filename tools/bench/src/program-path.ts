import { fileURLToPath } from 'node:url';

/** Of a program of this tool, by its path in this folder without the ending. */
export const programPath = (name: string): string => fileURLToPath(new URL(`./${name}.js`, import.meta.url));
