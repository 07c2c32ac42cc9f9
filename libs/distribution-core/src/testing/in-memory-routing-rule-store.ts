import { DistributionError } from '../errors/distribution-error.js';
import type { RoutingRuleStore, RuleEdit } from '../ports/routing-rule-store.port.js';
import type { RoutingRule } from '../routing/rules/routing-rule.js';

/** Rules that are gone with the process. */
export class InMemoryRoutingRuleStore implements RoutingRuleStore {
  private rules = new Map<string, RoutingRule>();
  private known = 0;
  private readonly watchers = new Set<() => void>();

  async version(): Promise<number> {
    return this.known;
  }

  async list() {
    return { version: this.known, rules: [...this.rules.values()] };
  }

  async change(edits: readonly RuleEdit[], check: (rules: readonly RoutingRule[]) => void) {
    const next = new Map(this.rules);
    for (const edit of edits) apply(next, edit);
    const rules = [...next.values()];
    if (new Set(rules.map(({ tenant, name }) => `${tenant}\n${name}`)).size < rules.length) {
      throw new DistributionError('rule.exists', 'there is a rule of that name already');
    }
    check(rules);
    this.rules = next;
    this.known++;
    for (const tell of this.watchers) tell();
    return { version: this.known, rules };
  }

  async watch(onChange: () => void): Promise<() => Promise<void>> {
    this.watchers.add(onChange);
    return async () => void this.watchers.delete(onChange);
  }
}

function apply(rules: Map<string, RoutingRule>, edit: RuleEdit): void {
  if (edit.kind === 'create') return void rules.set(edit.rule.id, { ...edit.rule, revision: 1 });
  const id = edit.kind === 'replace' ? edit.rule.id : edit.id;
  const known = rules.get(id);
  if (known === undefined) throw new DistributionError('rule.not_found', `no rule ${id}`);
  if (known.revision !== edit.revision) {
    throw new DistributionError('precondition.failed', 'the rule has been changed since it was read: read it again');
  }
  if (edit.kind === 'delete') rules.delete(id);
  else rules.set(id, { ...edit.rule, revision: edit.revision + 1 });
}
