import { randomUUID } from 'node:crypto';
import type { Clock, IdSource } from '@distributary/distribution-core';
import type { LogHarness, LogLimits } from '@distributary/distribution-core/testing';
import { KafkaLog, type KafkaLogOptions } from '../kafka-log.js';

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

export interface KafkaHarness extends LogHarness {
  readonly log: KafkaLog;
  readonly prefix: string;
  another(options?: Partial<KafkaLogOptions>): Promise<KafkaLog>;
}

/** A log in a space of its own on a broker that is there; its topics go with it. */
export async function aKafkaLog(
  broker: string,
  options: LogLimits & Partial<KafkaLogOptions> = {},
): Promise<KafkaHarness> {
  const prefix = options.prefix ?? `test-${randomUUID()}.`;
  const logs: KafkaLog[] = [];
  const another = async (more: Partial<KafkaLogOptions> = {}) => {
    const log = await KafkaLog.open({ brokers: [broker], clock: systemClock, ids, ...options, ...more, prefix });
    logs.push(log);
    return log;
  };
  const log = await another();
  return {
    log,
    prefix,
    another,
    letTimePass: (ms) =>
      new Promise((resolve) => {
        setTimeout(resolve, ms);
      }),
    dispose: async () => {
      for (const each of logs) await each.close();
      const last = await another();
      for (const { name } of await last.listTopics()) await last.deleteTopic(name);
      await last.close();
    },
  };
}
