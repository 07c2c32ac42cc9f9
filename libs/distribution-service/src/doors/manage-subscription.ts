import { invalidRequest, type Principal } from '@distributary/distribution-core';
import { type SubscriptionsService, viewMessage } from '@distributary/distribution-nest';

/** What every service's `SubscriptionRequest` says, as proto-loader gives it: what was not sent is not there. */
export interface ManagementRequest {
  readonly action?: string | number;
  readonly id: string;
  /** What the message calls it. */
  readonly idField: string;
  /** Of a page. */
  readonly limit?: unknown;
  readonly cursor?: unknown;
  /** What the administration takes to create one. */
  creation(): object;
}

interface Asked {
  readonly subscriptions: SubscriptionsService;
  readonly principal: Principal;
  readonly request: ManagementRequest;
}

type Action = (asked: Asked) => Promise<object>;

const ACTIONS: ReadonlyMap<unknown, Action> = new Map<string, Action>([
  [
    'CREATE',
    async ({ subscriptions, principal, request }) =>
      viewMessage((await subscriptions.create(principal, request.creation())).view),
  ],
  [
    'GET',
    async ({ subscriptions, principal, request }) => viewMessage((await subscriptions.get(principal, request.id)).view),
  ],
  [
    'PAUSE',
    async ({ subscriptions, principal, request }) =>
      viewMessage((await subscriptions.pause(principal, request.id)).view),
  ],
  [
    'RESUME',
    async ({ subscriptions, principal, request }) =>
      viewMessage((await subscriptions.resume(principal, request.id)).view),
  ],
  [
    'DELETE',
    async ({ subscriptions, principal, request }) => viewMessage(await subscriptions.delete(principal, request.id)),
  ],
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
  request: ManagementRequest,
): Promise<object> {
  const action = ACTIONS.get(request.action);
  const problems = [
    ...(action === undefined ? [{ path: 'action', rule: `must be one of ${[...ACTIONS.keys()].join(', ')}` }] : []),
    ...(request.id === '' && request.action !== 'LIST'
      ? [{ path: request.idField, rule: 'must name the subscription' }]
      : []),
  ];
  if (action === undefined || problems.length > 0) throw invalidRequest(problems);
  return action({ subscriptions, principal, request });
}
