import { unqualified } from '../access/tenancy.js';
import type { DeadLetters } from '../delivery/dead-letters.js';
import { DistributionError } from '../errors/distribution-error.js';
import type { ErrorCode } from '../errors/error-codes.js';
import { canonicalSelection } from '../matching/canonical-filter.js';
import type { SubscriptionStore } from '../ports/subscription-store.port.js';
import { canonicalJson } from '../transformation/json-value.js';
import { checkActive, checkDurable } from './durable-rules.js';
import { remembered } from './start.js';
import type { SubscribeCommand } from './stream-commands.js';
import type { StreamSessionDependencies } from './stream-session-dependencies.js';
import { type DurableSubscription, type Selection, selectionOf } from './subscription.js';

type DefinitionDependencies = Pick<StreamSessionDependencies, 'subscriptions' | 'clock'> & {
  readonly replays?: { readonly letters: Pick<DeadLetters, 'nameOf'> };
};

/**
 * The durable subscription that a command names, made if there is none. `subscription.exists` if the one there is has
 * another selection or output, `subscription.paused`; `request.invalid` as {@link checkDurable} has it.
 */
export async function findOrCreate(
  { subscriptions, clock, replays }: DefinitionDependencies,
  tenant: string,
  command: SubscribeCommand,
): Promise<DurableSubscription> {
  const durable = command.durable as NonNullable<SubscribeCommand['durable']>;
  const same = (known: DurableSubscription) => {
    requireSame(known, command);
    // By the guarantee that it has, whatever whoever receives it says of that.
    checkDurable(known, command.slowPolicy, replays?.letters.nameOf(tenant));
    checkActive(known);
    return known;
  };
  const known = await subscriptions.find(durable.name);
  if (known !== undefined) return same(known);
  const { subscriber: _subscriber, ...selection } = command.selection;
  const created: DurableSubscription = {
    ...selection,
    subscriptionId: durable.name,
    tenant,
    subscriberService: durable.subscriberService,
    type: durable.type,
    deliveryGuarantee: durable.deliveryGuarantee,
    slowPolicy: command.slowPolicy,
    status: 'active',
    createdAtMicros: clock.nowMicros(),
    ...remembered(command.start),
    ...(durable.delivery !== undefined && { delivery: durable.delivery }),
    ...(command.output !== undefined && { output: command.output }),
  };
  try {
    await subscriptions.create(created);
    return created;
  } catch (error) {
    // Others who want the same may have come at the same time, in other processes.
    const made = hasCode(error, 'subscription.exists') ? await subscriptions.find(durable.name) : undefined;
    if (made === undefined) throw error;
    return same(made);
  }
}

/** The command with what its client left to the subscription as that has it, if it exists. */
export async function asStored(
  subscriptions: Pick<SubscriptionStore, 'find'>,
  command: SubscribeCommand,
): Promise<SubscribeCommand> {
  const { name, asStored: left = [] } = command.durable ?? {};
  const known = name === undefined || left.length === 0 ? undefined : await subscriptions.find(name);
  if (known === undefined) return command;
  return {
    ...command,
    ...(left.includes('selection') && { selection: selectionOf(known) }),
    ...(left.includes('slowPolicy') && { slowPolicy: known.slowPolicy }),
  };
}

const hasCode = (error: unknown, code: ErrorCode): boolean => error instanceof DistributionError && error.code === code;

/** `subscription.not_found`, saying its `name`, if it is not there any more; `subscription.paused`. */
export function requireActive(
  known: DurableSubscription | undefined,
  name: string,
): asserts known is DurableSubscription {
  if (known === undefined) throw new DistributionError('subscription.not_found', `${name} has been deleted`);
  checkActive(known);
}

/** What a command to subscribe to it would ask for. */
export function selectedBy({
  output,
  ...subscription
}: DurableSubscription): Pick<SubscribeCommand, 'selection' | 'output'> {
  return { selection: selectionOf(subscription), ...(output !== undefined && { output }) };
}

/** Whether whoever receives it notices no difference. */
export function isEqualDelivery(one: DurableSubscription, other: DurableSubscription): boolean {
  return (
    canonicalSelection(one) === canonicalSelection(other) &&
    one.slowPolicy === other.slowPolicy &&
    canonicalJson(one.output) === canonicalJson(other.output)
  );
}

function requireSame(known: DurableSubscription, { selection, output }: SubscribeCommand): void {
  const name = unqualified(known.subscriptionId);
  if (!asksTheSame(known, selection)) {
    throw new DistributionError('subscription.exists', `${name} exists with another selection`, {
      problems: [{ path: 'name', rule: 'belongs to a subscription with other patterns or another filter' }],
    });
  }
  // Whoever comes back need not say again what is to be made of the events.
  if (output !== undefined && canonicalJson(known.output) !== canonicalJson(output)) {
    throw new DistributionError('subscription.exists', `${name} exists with another output`, {
      problems: [{ path: 'name', rule: 'belongs to a subscription with another transformation, fields or format' }],
    });
  }
}

/** Whoever comes back need not say again which service they are. */
function asksTheSame(known: DurableSubscription, { topicPatterns, keyPatterns, filter }: Selection): boolean {
  const selection = [known.topicPatterns, known.keyPatterns, known.filter];
  return JSON.stringify(selection) === JSON.stringify([topicPatterns, keyPatterns, filter]);
}
