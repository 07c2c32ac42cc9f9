import { type Clock, type Lane, Retrying } from '@distributary/distribution-core';
import { isTransient } from '../pulsar.errors.js';
import type { PulsarTopic } from '../topics/pulsar-topic.js';

/** A topic of one lane that is there, as the directory has it. */
export const ORDERS: PulsarTopic = {
  name: 'orders',
  partitions: 1,
  epoch: 'e1',
  retention: { ms: 0, bytes: 0 },
  firstLedgers: [5],
  isOurs: true,
};

export const ORDERS_LANE: Lane = { topic: ORDERS.name, partition: 0, epoch: ORDERS.epoch };

/** Pauses without jitter, by this clock. */
export const retryingBy = (clock: Clock): Retrying =>
  new Retrying({
    clock,
    ids: { uuid: () => '', random: () => 0 },
    isTransient,
    onRetry: () => undefined,
    closed: new AbortController().signal,
    closedMessage: 'closed',
  });
