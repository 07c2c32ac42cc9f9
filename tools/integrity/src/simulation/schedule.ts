import { SeededRandom } from '../seeded-random.js';
import { PLANS } from './plans.js';
import type { SubscriptionPlan } from './subscription-plan.js';
import { EXTERNAL_TOPIC, ROUTED_TOPIC, SHORT_TOPIC } from './topics.js';

/** What befalls a simulated world. Numbers that name a gateway, a client or a key are taken modulo how many there are. */
export type Step =
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'publish'; readonly topic: string; readonly keys: readonly number[]; readonly isTwice: boolean }
  | { readonly kind: 'publish-again'; readonly which: number }
  | {
      readonly kind: 'append-fails';
      readonly gateway: number;
      readonly when: 'before' | 'after';
      readonly times: number;
    }
  | { readonly kind: 'broker-slow'; readonly gateway: number; readonly ms: number; readonly forMs: number }
  | { readonly kind: 'broker-unreachable'; readonly gateway: number; readonly forMs: number }
  | {
      readonly kind: 'stores-fail';
      readonly gateway: number;
      readonly when: 'before' | 'after';
      readonly times: number;
    }
  | { readonly kind: 'stores-unreachable'; readonly gateway: number | 'all'; readonly forMs: number }
  | { readonly kind: 'gateway-crash'; readonly gateway: number; readonly forMs: number }
  | { readonly kind: 'gateway-drain'; readonly gateway: number; readonly forMs: number }
  | { readonly kind: 'gateway-pause'; readonly gateway: number; readonly forMs: number }
  | { readonly kind: 'clock-jump'; readonly gateway: number; readonly skewMs: number }
  | { readonly kind: 'client-cut' | 'client-crash'; readonly client: number; readonly noticedMs: number }
  | { readonly kind: 'client-offline'; readonly client: number; readonly noticedMs: number; readonly forMs: number }
  | { readonly kind: 'client-stalls'; readonly client: number; readonly forMs: number }
  | { readonly kind: 'client-refuses'; readonly client: number }
  | { readonly kind: 'retention-passes' }
  | { readonly kind: 'topic-anew'; readonly goneMs: number };

type Kind = Step['kind'];
export type Fault = Exclude<Kind, 'pass' | 'publish'>;

export interface Schedule {
  readonly seed: number;
  readonly gateways: number;
  readonly segmentBytes: number;
  readonly rewindMs: number;
  readonly plans: readonly SubscriptionPlan[];
  readonly steps: readonly Step[];
}

/** How often each kind comes, if it comes at all in a schedule. */
const WEIGHTS: Readonly<Record<Fault, number>> = {
  'publish-again': 4,
  'append-fails': 4,
  'broker-slow': 2,
  'broker-unreachable': 3,
  'stores-fail': 3,
  'stores-unreachable': 2,
  'gateway-crash': 3,
  'gateway-drain': 2,
  'gateway-pause': 3,
  'clock-jump': 2,
  'client-cut': 5,
  'client-crash': 4,
  'client-offline': 3,
  'client-stalls': 5,
  'client-refuses': 2,
  'retention-passes': 3,
  'topic-anew': 2,
};
const MIN_STEPS = 10;
const MAX_STEPS = 60;

/**
 * The schedule of a seed. Each one has a few subscriptions and a few kinds of faults only: when everything happens at
 * once, one fault hides what another one would show. With `focus`, that is the only fault.
 */
export function scheduleOf(seed: number, focus?: Fault): Schedule {
  const random = new SeededRandom(seed);
  const plans = someOf(PLANS, 2 + integer(random, 3), random);
  const topics = [...new Set(plans.flatMap((plan) => plan.topics))];
  const kinds = Object.keys(WEIGHTS) as Fault[];
  const possible = topics.includes(SHORT_TOPIC) ? kinds : kinds.filter((kind) => !ONLY_SHORT.has(kind));
  const drawn = [pick(OF_GATEWAYS, random), ...someOf(possible, integer(random, 6), random)];
  const faults = focus === undefined ? drawn : [focus];
  const steps = Array.from({ length: MIN_STEPS + integer(random, MAX_STEPS - MIN_STEPS) }, () =>
    aStep(random, faults, topics),
  );
  return {
    seed,
    gateways: 2 + integer(random, 2),
    segmentBytes: pick([10_000, 100_000, 10_000_000], random),
    rewindMs: pick([0, 500, 30_000], random),
    plans,
    steps,
  };
}

/**
 * Ahead by less than the dedupe window: a process whose clock is further ahead knows no copies of what was there before it
 * began, which docs/guarantees.md says. What is published again comes within 30 s.
 */
const SKEWS_MS = [-3_600_000, -60_000, -700, 900, 60_000];
/** What hits many subscriptions at once is in each schedule. */
const OF_GATEWAYS = ['gateway-crash', 'gateway-drain', 'gateway-pause', 'gateway-pause'] as const;
const ONLY_SHORT: ReadonlySet<Kind> = new Set<Kind>(['retention-passes', 'topic-anew']);

function aStep(random: SeededRandom, faults: readonly Fault[], topics: readonly string[]): Step {
  const draw = random.next();
  if (draw < 0.35) return aPublish(random, topics);
  if (draw < 0.65) return { kind: 'pass', ms: aWhile(random) };
  const total = faults.reduce((sum, fault) => sum + WEIGHTS[fault], 0);
  let left = random.next() * total;
  const kind = faults.find((fault) => (left -= WEIGHTS[fault]) < 0) ?? faults[0];
  return aFault(kind, random);
}

function aPublish(random: SeededRandom, topics: readonly string[]): Step {
  const topic = pick(topics, random);
  return {
    kind: 'publish',
    topic: topic === ROUTED_TOPIC ? EXTERNAL_TOPIC : topic,
    keys: Array.from({ length: 1 + integer(random, 6) }, () => integer(random, 4)),
    isTwice: random.next() < 0.15,
  };
}

function aFault(kind: Fault, random: SeededRandom): Step {
  const one = integer(random, 100);
  const when = random.next() < 0.5 ? 'before' : 'after';
  const times = 1 + integer(random, 3);
  const forMs = aWhile(random);
  const noticedMs = random.next() < 0.6 ? integer(random, 20) : aWhile(random);
  switch (kind) {
    case 'publish-again':
      return { kind, which: one };
    case 'append-fails':
    case 'stores-fail':
      return { kind, gateway: one, when, times };
    case 'broker-slow':
      return { kind, gateway: one, ms: integer(random, 800), forMs };
    case 'stores-unreachable':
      return { kind, gateway: random.next() < 0.5 ? 'all' : one, forMs };
    case 'broker-unreachable':
    case 'gateway-crash':
    case 'gateway-drain':
      return { kind, gateway: one, forMs };
    case 'gateway-pause':
      return { kind, gateway: one, forMs: random.next() < 0.25 ? forMs : 3_000 + integer(random, 9_000) };
    case 'clock-jump':
      return { kind, gateway: one, skewMs: pick(SKEWS_MS, random) };
    case 'client-cut':
    case 'client-crash':
      return { kind, client: one, noticedMs };
    case 'client-offline':
      return { kind, client: one, noticedMs, forMs };
    case 'client-stalls':
      return { kind, client: one, forMs };
    case 'client-refuses':
      return { kind, client: one };
    case 'retention-passes':
      return { kind };
    case 'topic-anew':
      return { kind, goneMs: integer(random, 3_000) };
  }
}

/** Mostly short, now and then long. */
function aWhile(random: SeededRandom): number {
  const draw = random.next();
  if (draw < 0.5) return integer(random, 60);
  if (draw < 0.85) return integer(random, 1_500);
  return 1_500 + integer(random, 8_000);
}

const integer = (random: SeededRandom, below: number): number => Math.floor(random.next() * below);
const pick = <Item>(items: readonly Item[], random: SeededRandom): Item => items[integer(random, items.length)];

function someOf<Item>(items: readonly Item[], count: number, random: SeededRandom): Item[] {
  const left = [...items];
  return Array.from({ length: Math.min(count, items.length) }, () => left.splice(integer(random, left.length), 1)[0]);
}
