import path from 'node:path';
import { pathToFileURL } from 'node:url';

export interface RunningKafka {
  /** What KAFKA_BROKERS takes. */
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** A broker of our own. tools/stack is a program without a package: found by its place. */
export async function startKafka(): Promise<RunningKafka> {
  const file = path.resolve(import.meta.dirname, '../../../stack/dist/index.js');
  const stack = (await import(pathToFileURL(file).href)) as { startKafka(): Promise<RunningKafka> };
  return stack.startKafka();
}
