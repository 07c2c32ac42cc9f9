import {
  newRuleSchema,
  type RoutingExplanationView,
  routingTestSchema,
  ruleChangeSchema,
  ruleOrderSchema,
  type RuleView,
} from '@distributary/contracts';
import {
  type Precondition,
  type Principal,
  qualifyTopic,
  type ResourceVersion,
  type RoutableEvent,
  type RoutingRule,
  type RuleAdmin,
  ruleVersion,
} from '@distributary/distribution-core';
import { parseWith } from '../../doors/stream-commands.js';
import { explanationView, ruleChangeOf, ruleView, settingsOf } from './routing-view.js';

export interface RoutingDependencies {
  readonly rules: RuleAdmin;
  /** An event as it would be published to this service; `topic` as its tenant names it. `request.invalid` if it is none. */
  readonly readEvent: (event: unknown) => RoutableEvent;
}

export interface VersionedRule {
  readonly view: RuleView;
  readonly version: ResourceVersion;
}

/** What the doors offer of routing: requests as they come in, answers as they go out. Failure: see {@link RuleAdmin}. */
export class RoutingService {
  constructor(private readonly deps: RoutingDependencies) {}

  list(principal: Principal): { readonly items: readonly RuleView[] } {
    return { items: this.deps.rules.list(principal).map(ruleView) };
  }

  get(principal: Principal, id: string): VersionedRule {
    return versioned(this.deps.rules.get(principal, id));
  }

  async create(principal: Principal, input: unknown): Promise<VersionedRule> {
    return versioned(await this.deps.rules.create(principal, settingsOf(parseWith(newRuleSchema, input))));
  }

  async change(principal: Principal, id: string, input: unknown, precondition?: Precondition): Promise<VersionedRule> {
    const change = ruleChangeOf(parseWith(ruleChangeSchema, input));
    return versioned(await this.deps.rules.change(principal, id, change, precondition));
  }

  delete(principal: Principal, id: string, precondition?: Precondition): Promise<void> {
    return this.deps.rules.delete(principal, id, precondition);
  }

  async reorder(principal: Principal, input: unknown): Promise<{ readonly items: readonly RuleView[] }> {
    const { ids } = parseWith(ruleOrderSchema, input);
    return { items: (await this.deps.rules.reorder(principal, ids)).map(ruleView) };
  }

  test(principal: Principal, input: unknown): RoutingExplanationView {
    const { event: body, rules } = parseWith(routingTestSchema, input);
    const candidates = (rules ?? []).map((rule, at) => settingsOf(rule, `rules[${at}].condition`));
    const { topic, record } = this.deps.readEvent(body);
    const event = { topic: qualifyTopic(principal.tenant, topic), record };
    return explanationView(event, this.deps.rules.explain(principal, event, candidates));
  }
}

const versioned = (rule: RoutingRule): VersionedRule => ({ view: ruleView(rule), version: ruleVersion(rule) });
