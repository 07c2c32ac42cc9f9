import { readFileSync } from 'node:fs';
import { UsageError } from './failure.js';
import type { Terminal } from './terminal.js';

export interface TokenOptions {
  readonly token?: string;
  readonly tokenFile?: string;
}

/** What is said on the command line goes before the environment. */
export function withToken(terminal: Terminal, { token, tokenFile }: TokenOptions): Terminal {
  if (token !== undefined && tokenFile !== undefined) throw new UsageError('either --token or --token-file');
  if (token !== undefined) return { ...terminal, token };
  return tokenFile === undefined ? terminal : { ...terminal, token: tokenIn(tokenFile) };
}

function tokenIn(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new UsageError(`${file}: ${(error as NodeJS.ErrnoException).code ?? 'cannot be read'}`);
  }
  if (text === '') throw new UsageError(`${file}: holds no token`);
  return text;
}
