import type { Judgement } from '../loss-ledger.js';
import type { HeardGap, SimulatedSubscription, SubscriptionPlan } from './subscription-plan.js';
import { SHORT_TOPIC } from './topics.js';
import type { World } from './world.js';

/** What a promise of docs/guarantees.md says of one subscription. */
interface Promised {
  readonly what: string;
  readonly found: number;
}

/** Every promise that was not kept, as a sentence; empty if all were. */
export async function judge(world: World): Promise<string[]> {
  const violations = [...world.violations, ...world.cursors.violations];
  for (const [topic, { isIdle }] of world.producers) {
    if (!isIdle) violations.push(`${topic}: a producer still waits for an acknowledgement`);
  }
  for (const subscription of world.subscriptions) {
    const { plan, brokenChains } = subscription;
    if (plan.topics.includes(SHORT_TOPIC)) {
      const [{ lane }] = await world.endsOf(SHORT_TOPIC);
      subscription.forgiveUnseen(`${lane.topic}#${lane.partition}`, lane.epoch);
    }
    const judgement = subscription.ledger.judge();
    const falseGaps = await falseGapsOf(subscription, world);
    const broken = [...promisesOf(plan, judgement), { what: 'unjustified gaps', found: falseGaps.length }].filter(
      ({ found }) => found > 0,
    );
    for (const { what, found } of broken) violations.push(`${plan.name}: ${found} ${what}`);
    if (broken.length > 0) violations.push(...judgement.examples.slice(0, 3), ...falseGaps.slice(0, 3));
    for (const chain of brokenChains.slice(0, 3)) violations.push(`${plan.name}: ${chain}`);
  }
  return violations;
}

function promisesOf(plan: SubscriptionPlan, judgement: Judgement): Promised[] {
  const { missing, unannounced, outOfOrder, duplicated, unknown } = judgement;
  const isShort = plan.topics.includes(SHORT_TOPIC);
  const mayLeaveOut = isShort || plan.guarantee === 'at_most_once' || isLossy(plan);
  const promised: Promised[] = [
    { what: 'events missing outside of every gap', found: unannounced },
    { what: 'events that nobody sent', found: unknown },
  ];
  if (!mayLeaveOut) promised.push({ what: 'events missing', found: missing });
  // A second copy whose first one retention took, or an earlier life of the topic had, is a first one to a reader.
  if (isShort) return promised;
  // What a policy left out may come after all, when a crash forgot that later events had been sent.
  const isOrdered = plan.type !== 'shared' && plan.guarantee !== 'at_most_once';
  if (isOrdered) promised.push({ what: 'first deliveries out of order', found: outOfOrder });
  if (plan.keeper === 'atomic') promised.push({ what: 'effects that happened twice', found: duplicated });
  return promised;
}

const isLossy = ({ policy }: SubscriptionPlan): boolean => policy !== 'block' && policy !== 'disconnect';

/** Gaps that say what is not so: that events are gone which are there, or that a policy left out what it may not. */
async function falseGapsOf({ plan, gaps }: SimulatedSubscription, world: World): Promise<string[]> {
  const found: string[] = [];
  for (const gap of gaps) {
    if (!(await isTrue(gap, plan, world))) found.push(`gap ${gap.reason} ${gap.lane} (${gap.from}, ${gap.to}]`);
  }
  return found;
}

async function isTrue(gap: HeardGap, plan: SubscriptionPlan, world: World): Promise<boolean> {
  const at = gap.lane.lastIndexOf('#');
  const ends = (await world.endsOf(gap.lane.slice(0, at)))[Number(gap.lane.slice(at + 1))];
  const isPresent = ends.lane.epoch === gap.epoch;
  switch (gap.reason) {
    case 'policy':
    case 'slow':
      return plan.guarantee === 'at_most_once' || isLossy(plan);
    case 'expired':
      return !isPresent || gap.to <= ends.beforeFirst;
    case 'deleted':
    case 'epoch':
      return !isPresent;
    default:
      return false;
  }
}
