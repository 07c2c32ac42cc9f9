import { PulsarFromOutside } from './pulsar-admin.js';
import { aPulsarLog, type PulsarHarness } from './pulsar-harness.js';

interface OwnServer {
  readonly url: string;
  stop(signal: 'SIGKILL'): Promise<void>;
}

/** What a suite works with while its tests run. */
export interface PulsarSuite<Server extends OwnServer> {
  readonly pulsar: Server;
  /** A log in a namespace of its own. */
  readonly harness: PulsarHarness;
  /** Of that namespace. */
  readonly outside: PulsarFromOutside;
}

/** A Pulsar of the suite's own, which the suite may break; to be called where the suite's hooks are. */
export function aPulsarOfItsOwn<Server extends OwnServer>(
  start: () => Promise<Server>,
  options?: Parameters<typeof aPulsarLog>[1],
): PulsarSuite<Server> {
  let pulsar: Server | undefined;
  let harness: PulsarHarness | undefined;
  beforeAll(async () => {
    pulsar = await start();
    harness = await aPulsarLog(pulsar.url, options);
  }, 180_000);
  afterAll(async () => {
    await harness?.dispose();
    await pulsar?.stop('SIGKILL');
  }, 60_000);
  return {
    get pulsar() {
      return pulsar as Server;
    },
    get harness() {
      return harness as PulsarHarness;
    },
    get outside() {
      return new PulsarFromOutside(this.pulsar.url, `public/${this.harness.namespace}`);
    },
  };
}
