// Usage: node routing-child.mjs <directory> — routes the external topic `theirs` to the topic `ours`, for ever. Prints
// `routing` when it stands somewhere.
import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { EventRouter, noMetrics, RuleTable, TopicRouter } from '@distributary/distribution-core';
import { EmbeddedLog } from '../../dist/index.js';
import { clock } from './system-clock.mjs';

const [directory] = process.argv.slice(2);
const ids = { uuid: randomUUID, random: Math.random };
const log = await EmbeddedLog.open({ directory, clock, ids });
const topics = [
  { name: 'theirs', brokerName: 'theirs', partitions: 2, enabled: true, origin: 'external' },
  { name: 'ours', brokerName: 'ours', partitions: 2, enabled: true, origin: 'ingested' },
];
const router = new EventRouter({
  topics: { find: (name) => topics.find((topic) => topic.name === name) },
  restate: (record) => record.value,
  metrics: noMetrics,
});
router.use(
  RuleTable.compile([
    {
      id: '1',
      tenant: 'default',
      name: 'all',
      sourcePattern: 'theirs',
      targetTopic: 'ours',
      setAttributes: {},
      mode: 'copy',
      next: 'continue',
      priority: 1,
      enabled: true,
      createdAtMicros: 0,
      revision: 1,
    },
  ]),
);
// The only router: whoever starts it has seen the last one die.
const ownership = {
  acquire: async (subscriptionId, ownerId, termMs) => ({ subscriptionId, ownerId, generation: 1, termMs }),
  renew: async () => 'renewed',
  release: async () => undefined,
};
const external = new TopicRouter({
  log,
  topics: { list: () => topics },
  router,
  ownership,
  clock,
  ids,
  metrics: noMetrics,
  limits: { maxBatchBytes: 4096, retryMs: 20 },
  onError: (error) => writeSync(2, `${error}\n`),
});
external.start();
const timer = setInterval(async () => {
  if ((await log.committed('router/theirs')).length < 2) return;
  clearInterval(timer);
  writeSync(1, 'routing\n');
  // The log's own timers keep no process alive.
  setInterval(() => undefined, 1000);
}, 5);
