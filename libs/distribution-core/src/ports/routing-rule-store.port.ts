import type { RoutingRule } from '../routing/rules/routing-rule.js';

/** One step of a change. `revision`: the one that the change was made from. */
export type RuleEdit =
  | { readonly kind: 'create'; readonly rule: RoutingRule }
  /** The store counts its revision on. */
  | { readonly kind: 'replace'; readonly rule: RoutingRule; readonly revision: number }
  | { readonly kind: 'delete'; readonly id: string; readonly revision: number };

/**
 * The routing rules of all tenants. They are changed as a whole: each change raises the version by at least one,
 * atomically with the change, and no reader sees half of it.
 *
 * Failure: `rule.exists` (a name of the tenant twice), `rule.not_found`, `precondition.failed` (another revision),
 * `store.unavailable`; then nothing has changed. Calls may overlap; changes happen one after another, over all processes.
 */
export interface RoutingRuleStore {
  version(): Promise<number>;
  list(): Promise<{ readonly version: number; readonly rules: readonly RoutingRule[] }>;
  /**
   * All edits or none. `check` is shown all rules as they would be, while nobody else can change them; if it throws,
   * nothing changes and that is what the call rejects with. Resolves with the new version and rules.
   */
  change(
    edits: readonly RuleEdit[],
    check: (rules: readonly RoutingRule[]) => void,
  ): Promise<{ readonly version: number; readonly rules: readonly RoutingRule[] }>;
  /**
   * Calls back soon after a change by any process, perhaps without one, perhaps not at all (a connection may break, and
   * is made again): whoever must know asks for the version from time to time. The returned function ends it.
   */
  watch(onChange: () => void): Promise<() => Promise<void>>;
}
