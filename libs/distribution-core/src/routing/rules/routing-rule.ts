import type { Attributes } from '../../event.js';
import type { Filter } from '../../matching/filter.js';

/** How a rule names a transformation: by its id, or the transformation itself as JSON. Whoever compiles rules reads it. */
export type RuleTransformation = string | Readonly<Record<string, unknown>>;

/** Which events go where. One table holds content-based, conditional, priority-based and dynamic routing. */
export interface RoutingRule {
  /** UUID. */
  readonly id: string;
  readonly tenant: string;
  /** Unique within the tenant. */
  readonly name: string;
  /** Over topics, as the tenant names them. */
  readonly sourcePattern: string;
  /** Over routing keys; undefined = every key. */
  readonly keyPattern: string | undefined;
  readonly condition: Filter | undefined;
  /** Template of the topic, as the tenant names it. */
  readonly targetTopic: string;
  /** Template; undefined = the key stays. */
  readonly routingKeyTemplate: string | undefined;
  /** Added to those of the event, or replacing them. */
  readonly setAttributes: Attributes;
  /** 1 is the most urgent, 9 the least; undefined = as it was. */
  readonly setPriority: number | undefined;
  readonly transformation: RuleTransformation | undefined;
  /** `copy`: the event stays in its own topic as well; `move`: it does not, unless the rule fails to fire. */
  readonly mode: 'copy' | 'move';
  /** When it has fired: whether later rules are looked at too. */
  readonly next: 'continue' | 'stop';
  /** Lower ones are looked at first; equal ones in the order of their names. */
  readonly priority: number;
  readonly enabled: boolean;
  readonly createdAtMicros: number;
  /** 1, and one more with each change. */
  readonly revision: number;
}

/** What its owner decides; the rest is the store's. */
export type RuleSettings = Omit<RoutingRule, 'id' | 'tenant' | 'createdAtMicros' | 'revision'>;

export const RULE_LIMITS = {
  nameLength: 100,
  patternLength: 200,
  templateLength: 200,
  setAttributes: 16,
  minPriority: 0,
  maxPriority: 1_000_000,
  /** Of one tenant. */
  rulesPerTenant: 1_000,
} as const;

/** How often an event may be routed on from where it was routed to. */
export const MAX_HOPS = 4;
/** Topics that one event may reach. */
export const MAX_TARGETS = 64;

/** Attributes that routing itself gives a copy; producers may not. */
export const HOPS_ATTRIBUTE = 'hops';
/** The topic that the event was published to, as its tenant names it. */
export const ROUTED_FROM_ATTRIBUTE = 'routed_from';

/** The order in which rules are looked at. */
export function compareRules(a: RoutingRule, b: RoutingRule): number {
  if (a.priority !== b.priority) return a.priority - b.priority;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
