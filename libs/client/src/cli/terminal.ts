import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type pc from 'picocolors';

export type Colors = ReturnType<typeof pc.createColors>;

/** All that a command touches of its process. */
export interface Terminal {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly colors: Colors;
  /** Width of a line in characters; undefined where output goes to no screen. */
  readonly columns: number | undefined;
  /** Unless a command says otherwise: the service's address, and which service it is. */
  readonly defaultUrl: string | undefined;
  readonly defaultApi: string;
  readonly token: string | undefined;
  /** Ctrl-C or SIGTERM; the reason is an `Interruption`. */
  readonly stop: AbortSignal;
  /** The reader of the output went away: who only shows something is done, who changes something goes on unseen. */
  readonly outputClosed: AbortSignal;
}

/** Resolves when there is room for more, so that a slow pipe holds back what feeds it. */
export async function writeLine(terminal: Terminal, line: string): Promise<void> {
  if (terminal.outputClosed.aborted || terminal.stdout.write(`${line}\n`)) return;
  const signal = AbortSignal.any([terminal.stop, terminal.outputClosed]);
  await once(terminal.stdout, 'drain', { signal }).catch(() => undefined);
}

export function note(terminal: Terminal, text: string): void {
  terminal.stderr.write(`${terminal.colors.dim(text)}\n`);
}

/** What came from outside must not move the cursor or change the colours of the reader's screen. */
export const printable = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
