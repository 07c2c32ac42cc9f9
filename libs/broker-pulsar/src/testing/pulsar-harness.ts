import { randomUUID } from 'node:crypto';
import type { Clock, IdSource } from '@distributary/distribution-core';
import type { LogHarness, LogLimits } from '@distributary/distribution-core/testing';
import { PulsarLog, type PulsarLogOptions } from '../pulsar-log.js';

export const ids: IdSource = { uuid: randomUUID, random: Math.random };

export const systemClock: Clock = {
  nowMicros: () => Math.round((performance.timeOrigin + performance.now()) * 1000),
  monotonicMs: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  soon: (callback) => setImmediate(callback),
};

export interface PulsarHarness extends LogHarness {
  readonly log: PulsarLog;
  readonly namespace: string;
  another(options?: Partial<PulsarLogOptions>): Promise<PulsarLog>;
}

/** A log in a namespace of its own on a Pulsar that is there; its topics go with it. */
export async function aPulsarLog(
  url: string,
  options: LogLimits & Partial<PulsarLogOptions> = {},
): Promise<PulsarHarness> {
  const namespace = options.namespace ?? `test-${randomUUID()}`;
  const logs: PulsarLog[] = [];
  const another = async (more: Partial<PulsarLogOptions> = {}) => {
    const log = await PulsarLog.open({ url, clock: systemClock, ids, ...options, ...more, namespace });
    logs.push(log);
    return log;
  };
  const log = await another();
  return {
    log,
    namespace,
    another,
    letTimePass: (ms) =>
      new Promise((resolve) => {
        setTimeout(resolve, ms);
      }),
    dispose: async () => {
      for (const each of logs) await each.close();
      const last = await another();
      await Promise.all((await last.listTopics()).map(({ name }) => last.deleteTopic(name)));
      await last.close();
    },
  };
}
