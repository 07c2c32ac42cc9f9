import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const WRITER = path.resolve(import.meta.dirname, '../../../libs/broker-embedded/src/testing/foreign-writer.mjs');

let written = 0;

/** Another program that writes to a topic of the log in this folder: not ours, so not through our ingest. */
export async function writeForeign(folder: string, brokerName: string, texts: readonly string[]): Promise<void> {
  const events = texts.map((text) => `theirs-${written++}=${Buffer.from(text).toString('base64')}`);
  const child = spawn(process.execPath, [WRITER, folder, brokerName, ...events], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`the writer ended with ${code}`);
}
