import { invalidRequest, type Principal } from '@distributary/distribution-core';
import {
  messageFields,
  selectionFieldsOf,
  type SubscriptionsService,
  viewMessage,
} from '@distributary/distribution-nest';

/** `SubscriptionRequest`, as proto-loader gives it: what was not sent is not there. */
export type SubscriptionRequest = Readonly<Record<string, unknown>> & {
  readonly action?: string | number;
  readonly subscription_id?: string;
};

interface Asked {
  readonly subscriptions: SubscriptionsService;
  readonly principal: Principal;
  readonly id: string;
  readonly request: SubscriptionRequest;
}

type Action = (asked: Asked) => Promise<object>;

const ACTIONS: ReadonlyMap<unknown, Action> = new Map<string, Action>([
  [
    'CREATE',
    async ({ subscriptions, principal, request }) => {
      const { action: _action, limit: _limit, cursor: _cursor, ...fields } = messageFields(selectionFieldsOf(request));
      return viewMessage((await subscriptions.create(principal, fields)).view);
    },
  ],
  ['GET', async ({ subscriptions, principal, id }) => viewMessage((await subscriptions.get(principal, id)).view)],
  ['PAUSE', async ({ subscriptions, principal, id }) => viewMessage((await subscriptions.pause(principal, id)).view)],
  ['RESUME', async ({ subscriptions, principal, id }) => viewMessage((await subscriptions.resume(principal, id)).view)],
  ['DELETE', async ({ subscriptions, principal, id }) => viewMessage(await subscriptions.delete(principal, id))],
  [
    'LIST',
    async ({ subscriptions, principal, request: { limit, cursor } }) => {
      const page = await subscriptions.list(principal, { limit, cursor });
      return { ...page, items: page.items.map((view) => viewMessage(view)) };
    },
  ],
]);

/** The one method with many actions that the specification asks for; answers a `SubscriptionResponse`. */
export async function manageSubscription(
  subscriptions: SubscriptionsService,
  principal: Principal,
  request: SubscriptionRequest,
): Promise<object> {
  const action = ACTIONS.get(request.action);
  const id = request.subscription_id ?? '';
  const problems = [
    ...(action === undefined ? [{ path: 'action', rule: `must be one of ${[...ACTIONS.keys()].join(', ')}` }] : []),
    ...(id === '' && request.action !== 'LIST'
      ? [{ path: 'subscription_id', rule: 'must name the subscription' }]
      : []),
  ];
  if (action === undefined || problems.length > 0) throw invalidRequest(problems);
  return action({ subscriptions, principal, id, request });
}
