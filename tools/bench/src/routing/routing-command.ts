import {
  type EventRecord,
  EventRouter,
  matchesRecord,
  noMetrics,
  type RoutingRule,
  RuleTable,
} from '@distributary/distribution-core';
import { numberOf, numbersOf, optionsOf } from '../command-line.js';
import { describeMachine, machineFacts } from '../machine.js';
import { table } from '../text-table.js';

export const ROUTING_USAGE = `npm run bench -- routing [options]

  --rules N[,N…]   (0,10,100,1000)
  --batch N        events of one call (64)
  --seconds S      of each measurement (0.5)
  --quick          0.05 s: to see that it works`;

/**
 * What rules cost at ingest: events through the table of rules, of which a few match, beside a look at every rule in
 * turn. Half of the rules look at one service each, a quarter at keys, a quarter at other topics.
 */
export function routingCommand(args: readonly string[]): number {
  const values = optionsOf(args, {
    rules: { type: 'string' },
    batch: { type: 'string' },
    seconds: { type: 'string' },
    quick: { type: 'boolean' },
  });
  const sizes = numbersOf('rules', values.rules ?? '0,10,100,1000', { atLeast: 0 });
  const seconds = values.quick === true ? 0.05 : numberOf('seconds', values.seconds ?? '0.5');
  const events = Array.from({ length: numberOf('batch', values.batch ?? '64') }, (_, n) => anEvent(n));
  const rows = sizes.map((size) => {
    const rules = Array.from({ length: size }, (_, n) => aRule(n, size));
    const router = aRouter(rules);
    const routed = router.route(events.map((record) => ({ topic: TOPIC, record })));
    const copies = routed.reduce((sum, one) => sum + (one?.copies.length ?? 0), 0) / events.length;
    const ours = rateOf(seconds, events.length, () => route(router, events));
    const linear = rateOf(seconds, events.length, () => lookAtEach(rules, events));
    return [
      String(size),
      copies.toFixed(2),
      (1e6 / ours).toFixed(2),
      (1e6 / linear).toFixed(2),
      `${(ours / linear).toFixed(1)} ×`,
    ];
  });
  console.log(describeMachine(machineFacts()));
  console.log(table([['rules', 'copies/event', 'table µs/event', 'each rule µs/event', ''], ...rows]));
  return 0;
}

const TOPIC = 'monitoring/metrics';
const SERVICES = 2_000;

const route = (router: EventRouter, events: readonly EventRecord[]): void => {
  if (router.concerns(TOPIC)) router.route(events.map((record) => ({ topic: TOPIC, record })));
};

/** The meaning of the rules, and nothing made of it. */
function lookAtEach(rules: readonly RoutingRule[], events: readonly EventRecord[]): void {
  for (const record of events) {
    for (const { sourcePattern, keyPattern, condition } of rules) {
      const keyPatterns = keyPattern === undefined ? [] : [keyPattern];
      matchesRecord({ topicPatterns: [sourcePattern], keyPatterns, filter: condition }, TOPIC, record);
    }
  }
}

function anEvent(n: number): EventRecord {
  const service = `service-${(n * 31) % SERVICES}`;
  return {
    eventId: `e${n}`,
    timeMicros: n,
    routingKey: `${service}.metric.${n % 8}`,
    attributes: { service, severity: n % 10 === 0 ? 'CRITICAL' : 'INFO', metric: `m${n % 20}`, priority: 5 },
    value: Buffer.from('{"data":{"n":1}}'),
  };
}

function aRule(n: number, size: number): RoutingRule {
  const service = `service-${Math.floor((n * SERVICES) / Math.max(1, size))}`;
  return {
    id: `${n}`,
    tenant: 'default',
    name: `rule-${n}`,
    sourcePattern: n % 4 === 3 ? `other/topic-${n}` : n % 4 === 2 ? 'monitoring/#' : TOPIC,
    keyPattern: n % 4 === 2 ? `${service}.metric.#` : undefined,
    condition: n % 4 < 2 ? { op: 'eq', attribute: 'service', value: service } : undefined,
    targetTopic: `copies/${n % 10}`,
    routingKeyTemplate: undefined,
    setAttributes: {},
    setPriority: undefined,
    transformation: undefined,
    mode: 'copy',
    next: 'continue',
    priority: 1,
    enabled: true,
    createdAtMicros: 0,
    revision: 1,
  };
}

function aRouter(rules: readonly RoutingRule[]): EventRouter {
  const router = new EventRouter({
    topics: { find: (name) => ({ brokerName: name, partitions: 1, enabled: true, origin: 'ingested' }) },
    restate: (record) => record.value,
    metrics: noMetrics,
  });
  router.use(RuleTable.compile(rules));
  return router;
}

/** Events per second, the first quarter of the time not counted. */
function rateOf(seconds: number, events: number, work: () => void): number {
  const startedAt = performance.now();
  const warmUntil = startedAt + seconds * 250;
  while (performance.now() < warmUntil) work();
  const from = performance.now();
  const until = startedAt + seconds * 1000;
  let rounds = 0;
  do {
    work();
    rounds++;
  } while (performance.now() < until);
  return (rounds * events * 1000) / (performance.now() - from);
}
