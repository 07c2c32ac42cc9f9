import path from 'node:path';
import { pathToFileURL } from 'node:url';

export interface RunningBroker {
  /** What KAFKA_BROKERS or PULSAR_URL takes. */
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

interface Stack {
  startKafka(): Promise<RunningBroker>;
  startPulsar(): Promise<RunningBroker>;
}

/** Brokers of our own. tools/stack is a program without a package: found by its place. */
const stack = async (): Promise<Stack> =>
  (await import(pathToFileURL(path.resolve(import.meta.dirname, '../../stack/dist/index.js')).href)) as Stack;

export const startKafka = async (): Promise<RunningBroker> => (await stack()).startKafka();
export const startPulsar = async (): Promise<RunningBroker> => (await stack()).startPulsar();
