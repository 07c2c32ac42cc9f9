/** Names of the parts that Nest injects by port. */
export const LOG = Symbol('Log');
export const SUBSCRIPTION_STORE = Symbol('SubscriptionStore');
export const CURSOR_STORE = Symbol('CursorStore');
