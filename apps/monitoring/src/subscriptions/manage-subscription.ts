import { invalidRequest } from '@distributary/distribution-core';
import { selectionFieldsOf } from '@distributary/distribution-nest';
import type { SubscriptionView } from './subscription-view.js';
import type { SubscriptionsService } from './subscriptions.service.js';

/** `SubscriptionRequest`, as proto-loader gives it: what was not sent is not there. */
export type SubscriptionRequest = Readonly<Record<string, unknown>> & {
  readonly action?: string | number;
  readonly subscription_id?: string;
};

type Action = (
  subscriptions: SubscriptionsService,
  id: string,
  request: SubscriptionRequest,
) => Promise<SubscriptionView>;

const ACTIONS: ReadonlyMap<unknown, Action> = new Map<string, Action>([
  ['CREATE', (subscriptions, _id, request) => subscriptions.create(selectionFieldsOf(request))],
  ['GET', (subscriptions, id) => subscriptions.get(id)],
  ['PAUSE', (subscriptions, id) => subscriptions.pause(id)],
  ['RESUME', (subscriptions, id) => subscriptions.resume(id)],
  ['DELETE', (subscriptions, id) => subscriptions.delete(id)],
]);

/** The one method with many actions that the specification asks for; answers a `SubscriptionResponse`. */
export async function manageSubscription(
  subscriptions: SubscriptionsService,
  request: SubscriptionRequest,
): Promise<object> {
  const action = ACTIONS.get(request.action);
  const id = request.subscription_id ?? '';
  const problems = [
    ...(action === undefined ? [{ path: 'action', rule: `must be one of ${[...ACTIONS.keys()].join(', ')}` }] : []),
    ...(id === '' ? [{ path: 'subscription_id', rule: 'must name the subscription' }] : []),
  ];
  if (action === undefined || problems.length > 0) throw invalidRequest(problems);
  const { filter, ...view } = await action(subscriptions, id, request);
  return { ...view, filter: filter === null ? '' : JSON.stringify(filter) };
}
