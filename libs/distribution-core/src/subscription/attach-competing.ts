import type { CompetingAttachment } from './attachment.js';
import { CompetingReader } from './competing/competing-reader.js';
import { CreditAllowance } from './competing/credit-allowance.js';
import type { SessionState } from './session-state.js';
import { firstStart } from './start.js';
import type { SubscribeCommand } from './stream-commands.js';
import { type DurableSubscription, selectionOf } from './subscription.js';

/** Takes a seat among the sessions that share a subscription. */
export async function attachCompeting(
  { deps, outlet, principal, subscriptions }: SessionState,
  command: SubscribeCommand,
  subscription: DurableSubscription,
): Promise<CompetingAttachment> {
  // What is stored may select more than was asked for now.
  principal.requireWhole(selectionOf(subscription));
  const { fanOut, clock, competing } = deps;
  const encoder = await principal.encoderOf(subscription.output);
  // Another process may have just made it.
  if (!fanOut.knowsTopicOf(subscription)) await deps.lookAtCatalog();
  const { id } = command;
  const status = (state: 'recovering' | 'live') => outlet.send({ type: 'status', payload: { id, state } });
  const seat = await competing.join(subscription, firstStart(command.start, subscription), {
    onSuspended: () => status('recovering'),
    onResumed: () => status('live'),
    onLost: ({ code, message }) => {
      outlet.send({ type: 'error', payload: { id, code, message, retryable: false } });
      subscriptions.drop(id);
    },
  });
  const feed = fanOut.takeFeedNumber();
  outlet.send({
    type: 'subscribed',
    payload: {
      id,
      feed,
      catalog_version: deps.catalogVersion(),
      positions: [],
      recovered: 'full',
      generation: seat.generation,
      max_unacked: seat.maxUnacked,
    },
  });
  const credit = new CreditAllowance(
    command.credit ?? Number.POSITIVE_INFINITY,
    command.maxRate ?? Number.POSITIVE_INFINITY,
    clock,
  );
  const reader = new CompetingReader(seat, {
    id,
    feed: () => feed,
    allowance: credit,
    acksBySending: subscription.deliveryGuarantee === 'at_most_once',
    outlet,
    encoder,
    clock,
    nextMark: fanOut.nextMark,
  });
  return { reader, credit };
}
