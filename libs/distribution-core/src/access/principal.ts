import type { Filter } from '../matching/filter.js';

/** `manage` covers everything administrative: topics, subscriptions of others, rules, keys. */
export const VERBS = ['publish', 'subscribe', 'read', 'manage'] as const;
export type Verb = (typeof VERBS)[number];

/** What somebody may do to which topics of their tenant, and with which of their events. */
export interface Permission {
  readonly verbs: readonly Verb[];
  /** Over topics, as the tenant names them: `+` one level, `#` the rest. */
  readonly topicPattern: string;
  /** Only events that pass it may be published, received or read. */
  readonly constraint: Filter | undefined;
}

/** Who calls, once that is established. Permissions are ORed; none = nothing is allowed. */
export interface Principal {
  /** Of the key or the token's subject; stands in the audit log. */
  readonly id: string;
  readonly kind: 'local' | 'api_key' | 'jwt' | 'certificate';
  readonly tenant: string;
  readonly permissions: readonly Permission[];
  /** Epoch microseconds; afterwards the principal may do nothing. */
  readonly expiresAtMicros: number | undefined;
}
