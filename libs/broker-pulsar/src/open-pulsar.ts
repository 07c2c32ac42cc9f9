import type { Queue } from '@distributary/distribution-core';
import { PulsarLog, type PulsarLogOptions } from './pulsar-log.js';
import { PulsarQueue } from './queue/pulsar-queue.js';

/** What a service has of one Pulsar. */
export interface PulsarBroker {
  readonly kind: 'pulsar';
  readonly log: PulsarLog;
  readonly queue: Queue;
  /** See {@link PulsarLog.check}: for readiness. */
  check(): Promise<void>;
  /** The queue, then the log. */
  close(): Promise<void>;
}

/** `broker.unavailable` if Pulsar does not answer within `timeoutMs`, or does not let us in. */
export async function openPulsar(options: PulsarLogOptions): Promise<PulsarBroker> {
  const { clock, ids, metrics } = options;
  const log = await PulsarLog.open(options);
  const queue = new PulsarQueue({ log, clock, metrics, random: () => ids.random() });
  return {
    kind: 'pulsar',
    log,
    queue,
    check: () => log.check(),
    close: async () => {
      await queue.close();
      await log.close();
    },
  };
}
